// Whether a client has a volume open, and waiting for Ceph to notice that one is dead. A command that was killed with its worker is seen as a
// client for half a minute more.
import { volumeSpec } from '../../src/cluster/storage-documents.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import type { VolumeName } from '../drivers/ceph.js';
import { pollUntil } from '../engine/interruption.js';
import type { StepContext } from '../engine/opcode.js';
import type { World } from '../engine/world.js';

const POLL_MS = 1000;
/** Ceph waits 30 s for a silent client (`osd_client_watch_timeout`). */
const AT_MOST_MS = 45_000;

/** Returns when no client has the volume open, or it is gone, or it takes too long: then what is tried next fails and says why. */
export async function awaitUnwatched({ world, signal, log }: StepContext, name: VolumeName): Promise<void> {
  const ceph = world.ceph();
  const isFree = async () => (await watchersOf(ceph.watchers(name))) === 0;
  if (await isFree()) return;
  log(`waits for the clients of volume "${name.pool}/${name.volume}"`);
  await pollUntil(isFree, POLL_MS, AT_MOST_MS, signal);
}

/** Throws wrong_state when any client has it open. */
export async function assertUnwatched({ ceph }: Pick<World, 'ceph'>, { pool, volume }: VolumeName): Promise<void> {
  const watchers = await ceph().watchers({ pool, volume });
  if (watchers.length === 0) return;
  const addresses = watchers.map(({ address }) => address).join(', ');
  throw new ClassifiedError('wrong_state', `volume "${volumeSpec(pool, volume)}" is in use by ${addresses}`);
}

async function watchersOf(looking: Promise<readonly unknown[]>): Promise<number> {
  try {
    return (await looking).length;
  } catch (error) {
    if (error instanceof ClassifiedError && error.errorClass === 'unknown_entity') return 0;
    throw error;
  }
}
