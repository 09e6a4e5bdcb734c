// The live migrations out of one hypervisor that this process asks for. Each runs inside libvirtd, which goes on with it whatever
// becomes of the one who asked; so when an answer is lost, the hypervisor is asked where the guest is, through the pool.
import type { Permit } from '../../../src/cluster/permit.js';
import { setTimeout as sleep } from 'node:timers/promises';
import { canonicalUuid } from '../../../src/domain-xml/domain-uuid.js';
import { ClassifiedError } from '../../../src/errors/classified-error.js';
import type { GuestTurns } from '../guest-turns.js';
import type { MigrationTarget } from '../hypervisor.js';
import type { LivingDaemons } from './daemon-identity.js';
import { ConnectionBroken } from './libvirt-thread.js';
import { type LongCall, startLongCall } from './long-call.js';
import { createTurns } from './migration-turns.js';
import type { Whereabouts } from './thread-messages.js';
import type { UnansweredCalls } from './unanswered-calls.js';

interface MigrationsOptions {
  uri: string;
  library: string;
  turns: GuestTurns;
  calls: UnansweredCalls;
  daemons: LivingDaemons;
  /** Where the guest is; bounded in time, and out of turn. */
  look(uuid: string): Promise<Whereabouts>;
  /** A short change; out of turn. */
  change(operation: 'abortMigration' | 'undefine', uuid: string, permit: Permit): Promise<void>;
  /**
   * For so long a migration may be nowhere to be seen before its call, or the hypervisor, is taken for dead. To be longer than libvirt
   * waits until another job of the guest ends, 30 s.
   */
  lostAfterMs: number;
}

export interface Migrations {
  migrate(uuid: string, target: MigrationTarget, permit: Permit): Promise<void>;
  abort(uuid: string, permit: Permit): Promise<void>;
  /** Waits for no migration; those under way go on in libvirtd. */
  close(): Promise<void>;
}

/** Nothing was begun, for it was not permitted. Who wants the same migration asks for a permit of its own. */
class NotPermitted extends Error {}

/** Each holds a thread and a connection; more of them wait for their turn. */
const MAX_UNDER_WAY = 8;
const LOOK_EVERY_MS = 500;

export function createMigrations({ uri, library, turns, calls, daemons, look, change, lostAfterMs }: MigrationsOptions): Migrations {
  const underWay = new Map<string, Promise<void>>();
  /** Those under way that are to stop, and by whose leave. libvirt hears it only once it has begun, so it is told until they end. */
  const unwanted = new Map<string, Permit>();
  const open = new Set<LongCall>();
  const places = createTurns(MAX_UNDER_WAY);
  const closing = new AbortController();

  const failed = (what: string, cause?: unknown) => new ClassifiedError('environment_error', `hypervisor ${uri}: ${what}`, { cause });
  const closed = () => failed('the connection is closed; a migration that was under way goes on');
  const abortedEarly = () => failed('the migration was aborted before it began');
  const notRunning = (uuid: string) => new ClassifiedError('unknown_entity', `no guest with the UUID ${uuid} runs on hypervisor ${uri}`);

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
  async function conclude(uuid: string, seen: Whereabouts | undefined, whenHere: unknown, permit: Permit): Promise<void> {
    if (seen === 'gone') return;
    if (seen === 'left') return await turns.take(uuid, () => change('undefine', uuid, permit));
    if (seen === 'off') throw notRunning(uuid);
    throw seen === 'here' ? whenHere : failed('it no longer answers; where the guest runs is not known', whenHere);
  }

  /** The migration may not be ours, or ours whose answer was lost. */
  async function awaitOther(uuid: string, permit: Permit, cause?: unknown): Promise<void> {
    const seen = await lookUntil(uuid, (now) => now !== 'moving');
    await conclude(uuid, seen, failed('the migration that was under way did not succeed', cause), permit);
  }

  /**
   * Tells when the migration shows, and stops what is unwanted. Gives the call up when for long nothing is to be seen of its migration: its
   * connection may be dead without a word.
   */
  async function watch(uuid: string, call: LongCall, onShown: () => void, over: AbortSignal): Promise<void> {
    let seenMs = performance.now();
    while (!over.aborted) {
      await sleep(LOOK_EVERY_MS, undefined, { signal: over }).catch(() => undefined);
      if (over.aborted) return;
      const seen = await look(uuid).catch(() => undefined);
      if (seen === 'moving') onShown();
      const leave = unwanted.get(uuid);
      if (seen === 'moving' && leave !== undefined) await change('abortMigration', uuid, leave).catch(() => undefined);
      if (seen === 'moving') seenMs = performance.now();
      else if (performance.now() - seenMs > lostAfterMs) call.giveUp(failed('nothing is heard of the migration any more'));
    }
  }

  /** Has the guest's turn until the migration shows in libvirt, where whoever looks then finds it, or has ended. */
  async function begin(uuid: string, target: MigrationTarget, permit: Permit): Promise<{ ended: Promise<unknown> }> {
    if (closing.signal.aborted) throw closed();
    if (unwanted.has(uuid)) throw abortedEarly();
    await calls.refuse(uuid);
    const mark = await calls.begin(uuid, 'migrate', await daemons());
    const call = startLongCall({ uri, library }, { operation: 'migrate', argument: uuid, target }, permit);
    const over = new AbortController();
    open.add(call);
    void call.ended.then(() => open.delete(call));
    let isShown = false;
    const shown = new Promise<void>((resolve) => {
      void watch(uuid, call, () => ((isShown = true), resolve()), over.signal);
    });
    const ended = call.answer.finally(() => over.abort());
    ended.catch(() => undefined);
    const how = await Promise.race([shown, ended]).catch((error: unknown) => error);
    // It was posted, and nobody knows what became of it.
    if (!isShown && (how instanceof ConnectionBroken || call.isGivenUp)) mark.lost();
    else await mark.answered();
    return { ended };
  }

  async function perform(uuid: string, target: MigrationTarget, permit: Permit): Promise<void> {
    await (await turns.take(uuid, () => begin(uuid, target, permit))).ended;
  }

  async function migrate(uuid: string, target: MigrationTarget, permit: Permit): Promise<void> {
    const seen = await turns.take(uuid, () => look(uuid));
    if (seen === 'moving') return await awaitOther(uuid, permit);
    if (seen !== 'here') throw notRunning(uuid);
    try {
      await places.take(uuid, () => perform(uuid, target, permit));
    } catch (error) {
      if (error instanceof NotPermitted) throw error;
      if (closing.signal.aborted) throw closed();
      const now = await look(uuid).catch(() => undefined);
      // It began by someone else's wish between the look and the call, or goes on though its connection broke.
      if (now === 'moving') await awaitOther(uuid, permit, error);
      else await conclude(uuid, now, error, permit);
    }
  }

  /** The migration of this caller, or the one that is under way. */
  function share(uuid: string, target: MigrationTarget, permit: Permit): Promise<void> {
    const asked = () =>
      permit().catch((cause: unknown) => {
        throw new NotPermitted('not permitted', { cause });
      });
    const migration = migrate(uuid, target, asked).finally(() => {
      underWay.delete(uuid);
      unwanted.delete(uuid);
    });
    underWay.set(uuid, migration);
    return migration;
  }

  return {
    async migrate(given, target, permit) {
      const uuid = canonicalUuid(given);
      for (;;) {
        if (closing.signal.aborted) throw failed('the connection is closed');
        const known = underWay.get(uuid);
        try {
          return await (known ?? share(uuid, target, permit));
        } catch (error) {
          if (!(error instanceof NotPermitted)) throw error;
          if (known === undefined) throw error.cause;
        }
      }
    },
    async abort(given, permit) {
      const uuid = canonicalUuid(given);
      if (underWay.has(uuid)) {
        await permit();
        if (underWay.has(uuid)) unwanted.set(uuid, permit);
        places.refuse(uuid, abortedEarly());
      }
      await change('abortMigration', uuid, permit);
    },
    async close() {
      closing.abort();
      places.close(closed());
      for (const call of open) call.giveUp(closed());
      await Promise.all([...open].map(({ ended }) => ended));
    },
  };
}
