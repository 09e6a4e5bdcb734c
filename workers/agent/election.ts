// A coordinator's part in the election: it waits for the lock that makes a node the primary, serves as the primary while it holds it, and
// gives it away when an operator's wish says so. It stops serving before it gives the lock away, and at once when the lock is lost: a lost
// session is known here before the store gives the lock to another one. So there are never two primaries.
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { LockEntry } from '../../src/cluster/fence.js';
import type { HeldLocks, Locks } from '../../src/cluster/locks.js';
import { PRIMARY_LOCK, type PrimaryElection, type PrimaryWish } from '../../src/cluster/primary-election.js';
import type { Store } from '../../src/cluster/store.js';
import { whileConnected } from '../../src/cluster/while-connected.js';

export interface CandidateParts {
  node: string;
  store: Store;
  locks: Locks;
  election: PrimaryElection;
  /** Between two looks at whether the wished node lives. */
  intervalMs: number;
  /** Tells the cluster what this node is now. */
  announce(): Promise<void>;
  /**
   * What the primary does; called when the node becomes the primary, with what stands for that in the store. Resolves once it has stopped,
   * which it does when the signal aborts.
   */
  serve(signal: AbortSignal, entries: readonly LockEntry[]): Promise<void>;
  log: Logger;
}

export interface Candidate {
  readonly isPrimary: boolean;
  /** Steps down. While the store is away it does not wait for it: the lock goes with the session. */
  close(): Promise<void>;
}

/** Locks held by an agent are shown with this in place of a job. */
const CLAIM = { job: 0, opcode: 'primary' };

export function standForPrimary(parts: CandidateParts): Candidate {
  const { node, store, locks, election, intervalMs, log } = parts;
  const closing = new AbortController();
  let primary = false;

  // The wish is read when it has changed, not at every look.
  let known: Promise<PrimaryWish> | undefined;
  let onWish = () => {};
  const readWish = (): Promise<PrimaryWish> => {
    const changed = () => {
      known = undefined;
      onWish();
    };
    if (known === undefined) {
      known = election.wish(changed);
      known.catch(changed);
    }
    return known;
  };
  const mayLead = async () => await election.allows(node, await readWish());

  /** Resolves a while later, or when the wish has changed, or when the signal aborts. */
  const aWhile = async (signal: AbortSignal): Promise<void> => {
    const enough = new AbortController();
    onWish = () => enough.abort();
    await delay(intervalMs, undefined, { signal: AbortSignal.any([signal, enough.signal]) }).catch(() => undefined);
  };
  /** Resolves when the node may lead (or may not, as asked for), or when the signal aborts. */
  const until = async (wanted: boolean, signal: AbortSignal): Promise<void> => {
    while (!signal.aborted && (await mayLead()) !== wanted) await aWhile(signal);
  };

  const lead = async (held: HeldLocks): Promise<void> => {
    const ended = new AbortController();
    const end = () => {
      primary = false;
      ended.abort(new Error(`node ${node} is no longer the primary`));
    };
    const ends = AbortSignal.any([held.lost, closing.signal]);
    if (ends.aborted) return;
    ends.addEventListener('abort', end, { once: true });
    primary = true;
    log.info({ node }, 'this node is the primary now');
    const serving = parts
      .serve(ended.signal, held.entries)
      .catch((error: unknown) => log.error({ err: error, node }, 'the primary cannot do its work'));
    try {
      await parts.announce();
      await until(false, ended.signal);
    } finally {
      ends.removeEventListener('abort', end);
      end();
      await serving;
      log.info({ node }, 'this node is no longer the primary');
      await parts.announce();
    }
  };

  const stand = async (): Promise<void> => {
    await until(true, closing.signal);
    const contending = new AbortController();
    const signal = AbortSignal.any([contending.signal, closing.signal]);
    const barred = until(false, signal).finally(() => contending.abort(new Error('another node shall be the primary')));
    // It is awaited below; what it fails with early must wait for that.
    barred.catch(() => undefined);
    let held: HeldLocks;
    try {
      held = await locks.acquire([PRIMARY_LOCK], { ...CLAIM, signal });
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    } finally {
      contending.abort();
      await barred;
    }
    try {
      if (await mayLead()) await lead(held);
    } finally {
      await held.release();
    }
  };

  const standing = (async () => {
    while (!closing.signal.aborted) {
      try {
        await stand();
      } catch (error) {
        if (closing.signal.aborted) return;
        log.warn({ err: error, node }, "the node's part in the election failed; it stands again");
        await aWhile(closing.signal);
      }
    }
  })();

  return {
    get isPrimary() {
      return primary;
    },
    async close() {
      closing.abort(new Error('the agent is going away'));
      await whileConnected(store, () => standing).catch(() => undefined);
    },
  };
}
