// What an opcode holds while it runs: its locks, and a place on the node that it keeps busy.
import type { Blocker, HeldLocks, LockRequest } from '../../src/cluster/locks.js';
import { SessionExpired } from '../../src/cluster/store.js';
import type { EngineParts } from './engine.js';
import { LocksLost } from './interruption.js';

export interface Hold {
  /** Aborted (LocksLost) when any of it is lost. */
  lost: AbortSignal;
  release(): Promise<void>;
}

interface Asker {
  job: number;
  opcode: string;
  /** Gives the waiting up; its reason is thrown. */
  signal: AbortSignal;
  /** Told each time that it has to wait. */
  onWait(text: string): void;
}

/** The place that an opcode takes on a node; asked for last of all, so that who has one never waits for a lock. */
export const slotOn = (node: string, slots: number): LockRequest => ({ mode: 'slot', resource: `node/${node}`, slots });

/** Takes all of them or none; there must be at least one. */
export async function takeHold({ locks }: EngineParts, requests: LockRequest[], { signal, onWait, ...asker }: Asker): Promise<Hold> {
  signal.throwIfAborted();
  const held = await locks
    .acquire(requests, { ...asker, signal, onWait: (blockers) => onWait(waitText(blockers)) })
    .catch((error: unknown) => {
      signal.throwIfAborted();
      throw error instanceof SessionExpired ? new LocksLost() : error;
    });
  return { lost: asLocksLost(held), release: () => held.release() };
}

const waitText = (blockers: Blocker[]) =>
  `waits for ${blockers.map(({ resource, job, opcode }) => `${resource}, asked for by ${job === 0 ? 'an agent' : `job ${job}`} (${opcode}) before`).join('; ')}`;

function asLocksLost({ lost }: HeldLocks): AbortSignal {
  const controller = new AbortController();
  const tell = () => controller.abort(new LocksLost());
  if (lost.aborted) tell();
  else lost.addEventListener('abort', tell, { once: true });
  return controller.signal;
}
