// A disk of a VM that is to be created: what is made for it, proven to be possible.
import type { ParametersOf } from '../../schemas/opcodes/opcode-schema.js';
import type { VmCreate } from '../../schemas/opcodes/vm-create.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import type { SnapshotName, VolumeName } from '../drivers/ceph.js';
import type { World } from '../engine/world.js';
import { assertFits, assertNewVolume, knownPool, knownSnapshot, knownVolume } from './known-storage.js';
import { settledSize } from './settled-size.js';

export interface PlannedDisk {
  target: VolumeName;
  sizeBytes: number;
  /** What is copied; null: nothing, it is empty. */
  source: { name: VolumeName | SnapshotName; sizeBytes: number } | null;
}

type Wish = ParametersOf<typeof VmCreate>['disks'][number] & { volume: string };

export async function plannedDisk(world: World, { pool, volume, size, clone_of: copied }: Wish): Promise<PlannedDisk> {
  const target = { pool, volume };
  await knownPool(world, pool);
  await assertNewVolume(world, target);
  const source = copied === undefined ? null : { name: copied, sizeBytes: await sizeOf(world, copied) };
  const sizeBytes = size === undefined ? (source?.sizeBytes ?? 0) : settledSize(size);
  if (source !== null && sizeBytes < source.sizeBytes) {
    const text = `volume "${pool}/${volume}" is to have ${sizeBytes} bytes, less than the ${source.sizeBytes} of what it is a copy of`;
    throw new ClassifiedError('wrong_input', text);
  }
  return { target, sizeBytes, source };
}

async function sizeOf(world: World, source: VolumeName | SnapshotName): Promise<number> {
  const { sighting } = 'snapshot' in source ? await knownSnapshot(world, source) : await knownVolume(world, source);
  return sighting.sizeBytes;
}

/** All that go into one pool together. Throws insufficient_resources. */
export async function assertDisksFit(world: World, disks: readonly PlannedDisk[]): Promise<void> {
  for (const pool of new Set(disks.map(({ target }) => target.pool))) {
    const needed = disks.filter(({ target }) => target.pool === pool).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    assertFits((await knownPool(world, pool)).sighting, needed);
  }
}
