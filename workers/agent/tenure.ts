// An agent's hold on its node. Of all agents of one name one at a time is the node's: it alone reports the node, follows its guests and does
// what is asked of it. What it does in that capacity carries the entry of its lock, as what jobs do carries theirs.
import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { assertHeld, type LockEntry } from '../../src/cluster/fence.js';
import { createLocks, type HeldLocks } from '../../src/cluster/locks.js';
import type { Store } from '../../src/cluster/store.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';

export interface TenureParts {
  node: string;
  store: Store;
  /** How long another agent of that name may hold the node before this one gives up: one that was killed holds it until its session ends. */
  waitMs: number;
  log: Logger;
}

export interface Tenure {
  /** What stands for it; undefined while the node may be another agent's. */
  readonly held: HeldLocks | undefined;
  /** Resolves once the node is this agent's, at once when it is; rejects with the signal's reason. */
  until(signal: AbortSignal): Promise<HeldLocks>;
  /**
   * Resolves when the node is this agent's, and these entries of other locks are there at these versions. environment_error: one of these is
   * not. Waits while this agent is without its node; rejects with the signal's reason then.
   */
  assertHeld(entries: readonly LockEntry[], signal: AbortSignal): Promise<void>;
  /** Gives the node away. */
  close(): Promise<void>;
}

/** Locks held by an agent are shown with this in place of a job. */
const CLAIM = { job: 0, opcode: 'agent' };

/** Resolves when the node is this agent's. already_exists: another one has it. */
export async function takeNode({ node, store, waitMs, log }: TenureParts): Promise<Tenure> {
  const locks = createLocks(store, { worker: `agent ${node} on ${hostname()} (process ${process.pid})` });
  const wishes = [{ resource: `agent/${node}`, mode: 'exclusive' }] as const;
  const closing = new AbortController();
  const waiting = new Set<(held: HeldLocks) => void>();
  let held: HeldLocks | undefined;
  let holder = '';

  const acquire = (signal: AbortSignal) =>
    locks.acquire(wishes, {
      ...CLAIM,
      signal,
      onWait([first]) {
        if (first?.worker !== holder) log.warn({ node, holder: first?.worker }, 'another agent has this node; this one waits for it');
        holder = first?.worker ?? '';
      },
    });

  async function acquireFirst(): Promise<HeldLocks> {
    const tooLong = AbortSignal.timeout(waitMs);
    for (;;) {
      try {
        return await acquire(tooLong);
      } catch (error) {
        if (!tooLong.aborted) {
          // The session ended while it waited.
          await store.connected(tooLong).catch(() => undefined);
          continue;
        }
        const text = `node "${node}" has an agent already: ${holder || 'the cluster store does not answer'}`;
        throw new ClassifiedError(holder === '' ? 'environment_error' : 'already_exists', text, { cause: error });
      }
    }
  }

  async function keep(first: HeldLocks): Promise<void> {
    for (let now = first; ; ) {
      held = now;
      for (const tell of waiting) tell(now);
      waiting.clear();
      await aborted(AbortSignal.any([now.lost, closing.signal]));
      held = undefined;
      if (closing.signal.aborted) return;
      log.warn({ node }, 'the session with the cluster store was lost: the agent does nothing for its node until it has it again');
      now = await acquireAgain();
    }
  }

  async function acquireAgain(): Promise<HeldLocks> {
    for (;;) {
      try {
        return await acquire(closing.signal);
      } catch (error) {
        closing.signal.throwIfAborted();
        await store.connected(closing.signal);
        log.debug({ err: error, node }, 'the agent has not got its node again yet');
      }
    }
  }

  function until(signal: AbortSignal): Promise<HeldLocks> {
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    if (held !== undefined && !held.lost.aborted) return Promise.resolve(held);
    return new Promise((resolve, reject) => {
      const tell = (now: HeldLocks) => {
        signal.removeEventListener('abort', leave);
        resolve(now);
      };
      const leave = () => {
        waiting.delete(tell);
        reject(signal.reason as Error);
      };
      waiting.add(tell);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  const first = await acquireFirst();
  const keeping = keep(first).catch(() => undefined);

  return {
    get held() {
      return held?.lost.aborted === true ? undefined : held;
    },
    until,
    async assertHeld(entries, signal) {
      for (;;) {
        const now = await until(signal);
        try {
          return await assertHeld(store, [...now.entries, ...entries], signal);
        } catch (error) {
          // It was the agent's own that went; it may have come back since.
          if (!now.lost.aborted) throw error;
        }
      }
    },
    async close() {
      const last = held;
      closing.abort(new Error('the agent is going away'));
      await keeping;
      // While the store is away it is not waited for: the lock goes with the session.
      if (store.session === 'connected') await last?.release();
    },
  };
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
