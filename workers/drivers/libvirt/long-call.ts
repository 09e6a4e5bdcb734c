// A libvirt call that takes as long as it takes, on a connection and a thread of its own: the pool's are for what is answered soon.
import type { ClassifiedError } from '../../../src/errors/classified-error.js';
import { closeThread, RELEASE_EVERY_MS } from './connection-pool.js';
import { startLibvirtThread } from './libvirt-thread.js';
import type { Call, ThreadData } from './thread-messages.js';

export interface LongCall {
  /** Ends as the call does, or as `giveUp` says. */
  answer: Promise<unknown>;
  /** Waits for the call no longer. What libvirtd does for it goes on there. */
  giveUp(error: ClassifiedError): void;
  /** Resolves when the thread has ended. */
  ended: Promise<void>;
}

export function startLongCall(to: Omit<ThreadData, 'abandoned'>, call: Call): LongCall {
  const thread = startLibvirtThread(to);
  const answered = thread.call(call);
  let releasing: NodeJS.Timeout | undefined;
  let refuse: (error: ClassifiedError) => void = () => undefined;
  const givenUp = new Promise<never>((_, reject) => {
    refuse = reject;
  });

  async function end(): Promise<void> {
    await answered.catch(() => undefined);
    clearInterval(releasing);
    await closeThread(thread);
  }

  return {
    answer: Promise.race([answered, givenUp]),
    giveUp(error) {
      refuse(error);
      thread.release();
      releasing ??= setInterval(() => thread.release(), RELEASE_EVERY_MS).unref();
    },
    ended: end(),
  };
}
