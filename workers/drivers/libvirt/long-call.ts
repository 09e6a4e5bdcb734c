// A libvirt change that takes as long as it takes, on a connection and a thread of its own: the pool's are for what is answered soon.
import type { Permit } from '../../../src/cluster/permit.js';
import type { ClassifiedError } from '../../../src/errors/classified-error.js';
import { closeThread, OPEN, permitted, RELEASE_EVERY_MS } from './connection-pool.js';
import { startLibvirtThread } from './libvirt-thread.js';
import type { ChangeCall, ThreadData } from './thread-messages.js';

export interface LongCall {
  /** Ends as the call does, or as `giveUp` says. */
  answer: Promise<unknown>;
  readonly isGivenUp: boolean;
  /** Waits for the call no longer. What libvirtd does for it goes on there. */
  giveUp(error: ClassifiedError): void;
  /** Resolves when the thread has ended. */
  ended: Promise<void>;
}

/** Asks the permit, with the connection open, right before the call is made. */
export function startLongCall(to: Omit<ThreadData, 'abandoned'>, call: ChangeCall, permit: Permit): LongCall {
  const thread = startLibvirtThread(to);
  let releasing: NodeJS.Timeout | undefined;
  let isGivenUp = false;
  let refuse: (error: ClassifiedError) => void = () => undefined;
  const givenUp = new Promise<never>((_, reject) => {
    refuse = reject;
  });
  givenUp.catch(() => undefined);

  async function make(): Promise<unknown> {
    await thread.call(OPEN);
    return await permitted(
      // Given up while it waits for its permit, it is not made any more.
      () => Promise.race([permit(), givenUp]),
      call,
      (made) => thread.call(made),
    );
  }
  const answered = make();

  async function end(): Promise<void> {
    await answered.catch(() => undefined);
    clearInterval(releasing);
    await closeThread(thread);
  }

  return {
    answer: Promise.race([answered, givenUp]),
    get isGivenUp() {
      return isGivenUp;
    },
    giveUp(error) {
      isGivenUp = true;
      refuse(error);
      thread.release();
      releasing ??= setInterval(() => thread.release(), RELEASE_EVERY_MS).unref();
    },
    ended: end(),
  };
}
