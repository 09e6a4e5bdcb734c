// One live migration, from its beginning or from wherever it is found, to its end.
import { setTimeout } from 'node:timers/promises';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import type { Hypervisor, MigrationProgress } from '../drivers/hypervisor.js';
import { Cancelled, pollUntil } from '../engine/interruption.js';
import type { StepContext } from '../engine/opcode.js';

interface Leg {
  uuid: string;
  name: string;
  from: string;
  to: string;
}

const PROGRESS_EVERY_MS = 500;
const CALL_OFF_EVERY_MS = 200;
const CALL_OFF_TIMEOUT_MS = 60_000;

/**
 * Moves the guest, or follows a migration that is under way already, and tells how far it is. Throws what the hypervisor refuses or fails
 * with. Cancelled, it calls the migration off; a worker that goes away leaves it under way.
 */
export async function migrateLive(context: StepContext, { uuid, name, from, to }: Leg): Promise<void> {
  const { world, signal } = context;
  const uri = world.cluster.uriOf(to);
  if (uri === undefined) throw new ClassifiedError('environment_error', `the address of node "${to}" is not known`);
  const hypervisor = await world.hypervisors.on(from);
  if ((await hypervisor.migrationProgress(uuid)) !== undefined) {
    context.log(`the guest of VM "${name}" is on its way from ${from} already; following its migration`);
  }
  signal.throwIfAborted();
  const over = new AbortController();
  const migration = hypervisor.migrate(uuid, { uri, bandwidthMibPerS: world.migrationBandwidth }).finally(() => over.abort());
  // Whoever stops waiting for it does not hear how it ends.
  migration.catch(() => undefined);
  await tellProgress(context, hypervisor, uuid, AbortSignal.any([signal, over.signal]));
  if (!over.signal.aborted) {
    // Asked again and again: what has not begun yet cannot be called off.
    if (signal.reason instanceof Cancelled) await callOff(hypervisor, uuid, async () => over.signal.aborted);
    signal.throwIfAborted();
  }
  await migration;
}

/** Ends an outgoing migration that may be under way; fine when there is none. environment_error: it goes on all the same. */
export async function callOffMigration({ world, signal }: StepContext, { uuid, name, from }: Omit<Leg, 'to'>): Promise<void> {
  const hypervisor = await world.hypervisors.on(from);
  const isOver = async () => (await hypervisor.migrationProgress(uuid)) === undefined;
  if (!(await callOff(hypervisor, uuid, isOver, signal))) {
    throw new ClassifiedError('environment_error', `the migration of VM "${name}" from node "${from}" could not be called off`);
  }
}

async function callOff(hypervisor: Hypervisor, uuid: string, isOver: () => Promise<boolean>, signal?: AbortSignal): Promise<boolean> {
  const look = async () => {
    if (await isOver()) return true;
    await hypervisor.abortMigration(uuid);
    return false;
  };
  return await pollUntil(look, CALL_OFF_EVERY_MS, CALL_OFF_TIMEOUT_MS, signal ?? new AbortController().signal);
}

/** Until the signal aborts, which it also does in the middle of a call that gets no answer. */
async function tellProgress(context: StepContext, hypervisor: Hypervisor, uuid: string, stop: AbortSignal): Promise<void> {
  const stopped = new Promise<undefined>((resolve) => {
    if (stop.aborted) resolve(undefined);
    else stop.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  while (!stop.aborted) {
    // How far it is nobody has to know: how it ends, the migration itself says.
    const progress = await Promise.race([hypervisor.migrationProgress(uuid).catch(() => undefined), stopped]);
    if (progress !== undefined) context.progress(fractionOf(progress), figuresOf(progress));
    await setTimeout(PROGRESS_EVERY_MS, undefined, { signal: stop }).catch(() => undefined);
  }
}

/** What is sent again counts to the whole. */
function fractionOf({ bytesTotal, bytesProcessed, bytesRemaining }: MigrationProgress): number {
  const whole = Math.max(bytesTotal, bytesProcessed + bytesRemaining);
  return whole === 0 ? 0 : bytesProcessed / whole;
}

const figuresOf = ({ bytesTotal, bytesProcessed, bytesRemaining, expectedDowntimeMs }: MigrationProgress): Record<string, number> => ({
  bytes_total: bytesTotal,
  bytes_processed: bytesProcessed,
  bytes_remaining: bytesRemaining,
  ...(expectedDowntimeMs === undefined ? {} : { expected_downtime_ms: expectedDowntimeMs }),
});
