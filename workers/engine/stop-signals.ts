// What can stop a running job from outside, as signals.
import type { Run } from '../../src/jobs/run.js';
import { LostJob } from '../../src/jobs/run.js';
import { Cancelled } from './interruption.js';
import type { EngineParts } from './engine.js';

export interface StopSignals {
  /** The job is another worker's (LostJob), or this worker is going away (HandOver). */
  leave: AbortSignal;
  /** A client asked for the job to be cancelled (Cancelled). */
  cancel: AbortSignal;
  /** Either of the two. */
  either: AbortSignal;
}

/**
 * Listens for what is told of a job. It starts before the job is claimed, so that nothing is told in between unheard; `claimed` says
 * with which epoch this worker has it.
 */
export function listenForStops({ redis, keys, watch }: EngineParts, id: number, goingAway: AbortSignal) {
  const leave = new AbortController();
  const cancel = new AbortController();
  // Aborted by hand: AbortSignal.any over a signal as old as the process would cost more than all the rest of a short job.
  const either = new AbortController();
  let mine = Infinity;

  const abort = (controller: AbortController, reason: unknown) => {
    controller.abort(reason);
    either.abort(reason);
  };
  const goAway = () => abort(leave, goingAway.reason);
  if (goingAway.aborted) goAway();
  goingAway.addEventListener('abort', goAway);

  const consider = (epoch: number, cancelled: boolean) => {
    if (epoch > mine) abort(leave, new LostJob(`job ${id} was taken up by another worker`));
    if (cancelled) abort(cancel, new Cancelled('Job canceled by request'));
  };
  const lookAgain = async () => {
    const [epoch, cancelled] = await redis.hmget(keys.job(id), 'epoch', 'cancel');
    consider(Number(epoch), cancelled === '1');
  };
  const unwatch = watch.asRunner(id, (what) => {
    if (what === 'cancel') consider(0, true);
    else if (what === 'missed') void lookAgain().catch(() => undefined);
    else if (what.startsWith('claimed ')) consider(Number(what.slice('claimed '.length)), false);
  });
  return {
    signals: { leave: leave.signal, cancel: cancel.signal, either: either.signal } satisfies StopSignals,
    claimed(run: Run) {
      mine = run.epoch;
      consider(0, run.cancelRequested);
    },
    stop() {
      unwatch();
      goingAway.removeEventListener('abort', goAway);
    },
  };
}
