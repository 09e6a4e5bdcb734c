// The live migrations out of one hypervisor that this process asks for. Each runs inside libvirtd, which goes on with it whatever
// becomes of the one who asked; so when an answer is lost, the hypervisor is asked where the guest is, through the pool.
import { setTimeout as sleep } from 'node:timers/promises';
import { canonicalUuid } from '../../../src/domain-xml/domain-uuid.js';
import { ClassifiedError } from '../../../src/errors/classified-error.js';
import type { Hypervisor, MigrationTarget } from '../hypervisor.js';
import { type LongCall, startLongCall } from './long-call.js';
import { createTurns } from './migration-turns.js';
import type { OperationName, Whereabouts } from './thread-messages.js';

interface MigrationsOptions {
  uri: string;
  library: string;
  /** A short call, bounded in time. */
  run: <T>(operation: OperationName, argument: string) => Promise<T>;
  /**
   * For so long a migration may be nowhere to be seen before its call, or the hypervisor, is taken for dead. To be longer than libvirt
   * waits until another job of the guest ends, 30 s.
   */
  lostAfterMs: number;
}

export interface Migrations {
  migrate: Hypervisor['migrate'];
  abort: Hypervisor['abortMigration'];
  /** Waits for no migration; those under way go on in libvirtd. */
  close(): Promise<void>;
}

/** Each holds a thread and a connection; more of them wait for their turn. */
const MAX_UNDER_WAY = 8;
const LOOK_EVERY_MS = 500;
export function createMigrations({ uri, library, run, lostAfterMs }: MigrationsOptions): Migrations {
  const underWay = new Map<string, Promise<void>>();
  /** Those under way that are to stop. libvirt hears it only once it has begun, so it is told until they end. */
  const unwanted = new Set<string>();
  const calls = new Set<LongCall>();
  const turns = createTurns(MAX_UNDER_WAY);
  const closing = new AbortController();

  const failed = (what: string, cause?: unknown) => new ClassifiedError('environment_error', `hypervisor ${uri}: ${what}`, { cause });
  const closed = () => failed('the connection is closed; a migration that was under way goes on');
  const abortedEarly = () => failed('the migration was aborted before it began');
  const notRunning = (uuid: string) => new ClassifiedError('unknown_entity', `no guest with the UUID ${uuid} runs on hypervisor ${uri}`);
  const look = (uuid: string) => run<Whereabouts>('whereabouts', uuid);

  /** Looks until what is seen is settled; resolves with it, or undefined when the hypervisor has been silent for too long. */
  async function lookUntil(uuid: string, isSettled: (seen: Whereabouts) => boolean): Promise<Whereabouts | undefined> {
    let answeredMs = performance.now();
    while (!closing.signal.aborted) {
      const seen = await look(uuid).catch(() => undefined);
      if (seen !== undefined && isSettled(seen)) return seen;
      if (seen !== undefined) answeredMs = performance.now();
      if (performance.now() - answeredMs > lostAfterMs) return undefined;
      await sleep(LOOK_EVERY_MS, undefined, { signal: closing.signal }).catch(() => undefined);
    }
    throw closed();
  }

  /** When no answer of libvirt's counts, what became of the guest does. */
  function conclude(uuid: string, seen: Whereabouts | undefined, whenHere: unknown): void {
    if (seen === 'gone') return;
    if (seen === 'off') throw notRunning(uuid);
    throw seen === 'here' ? whenHere : failed('it no longer answers; where the guest runs is not known', whenHere);
  }

  /** The migration may not be ours, or ours whose answer was lost. */
  async function awaitOther(uuid: string, cause?: unknown): Promise<void> {
    const seen = await lookUntil(uuid, (now) => now !== 'moving');
    conclude(uuid, seen, failed('the migration that was under way did not succeed', cause));
  }

  const abort = (uuid: string) => run<void>('abortMigration', uuid);

  /**
   * Stops what is unwanted. Gives the call up when for long nothing is to be seen of its migration: its connection may be dead without a
   * word.
   */
  async function watch(uuid: string, call: LongCall, over: AbortSignal): Promise<void> {
    let seenMs = performance.now();
    while (!over.aborted) {
      await sleep(LOOK_EVERY_MS, undefined, { signal: over }).catch(() => undefined);
      if (over.aborted) return;
      const seen = await look(uuid).catch(() => undefined);
      if (seen === 'moving' && unwanted.has(uuid)) await abort(uuid).catch(() => undefined);
      if (seen === 'moving') seenMs = performance.now();
      else if (performance.now() - seenMs > lostAfterMs) call.giveUp(failed('nothing is heard of the migration any more'));
    }
  }

  async function perform(uuid: string, target: MigrationTarget): Promise<void> {
    if (closing.signal.aborted) throw closed();
    if (unwanted.has(uuid)) throw abortedEarly();
    const call = startLongCall({ uri, library }, { operation: 'migrate', argument: uuid, target });
    const over = new AbortController();
    calls.add(call);
    void call.ended.then(() => calls.delete(call));
    void watch(uuid, call, over.signal);
    try {
      await call.answer;
    } finally {
      over.abort();
    }
  }

  async function migrate(uuid: string, target: MigrationTarget): Promise<void> {
    const seen = await look(uuid);
    if (seen === 'gone' || seen === 'off') throw notRunning(uuid);
    if (seen === 'moving') return await awaitOther(uuid);
    try {
      await turns.take(uuid, () => perform(uuid, target));
    } catch (error) {
      if (closing.signal.aborted) throw closed();
      const now = await look(uuid).catch(() => undefined);
      // It began by someone else's wish between the look and the call, or goes on though its connection broke.
      if (now === 'moving') await awaitOther(uuid, error);
      else conclude(uuid, now, error);
    }
  }

  return {
    async migrate(given, target) {
      const uuid = canonicalUuid(given);
      if (closing.signal.aborted) throw failed('the connection is closed');
      const known = underWay.get(uuid);
      if (known !== undefined) return await known;
      const migration = migrate(uuid, target).finally(() => {
        underWay.delete(uuid);
        unwanted.delete(uuid);
      });
      underWay.set(uuid, migration);
      return await migration;
    },
    async abort(given) {
      const uuid = canonicalUuid(given);
      if (underWay.has(uuid)) unwanted.add(uuid);
      turns.refuse(uuid, abortedEarly());
      await abort(uuid);
    },
    async close() {
      closing.abort();
      turns.close(closed());
      for (const call of calls) call.giveUp(closed());
      await Promise.all([...calls].map(({ ended }) => ended));
    },
  };
}
