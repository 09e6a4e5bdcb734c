// PVC's endpoints for snapshots of volumes, and the opcodes that they become. The texts are PVC's.
import Type from 'typebox';
import { SnapshotAdd } from '../../../schemas/opcodes/snapshot-add.js';
import { SnapshotRemove } from '../../../schemas/opcodes/snapshot-remove.js';
import { SnapshotRename } from '../../../schemas/opcodes/snapshot-rename.js';
import { SnapshotRollback } from '../../../schemas/opcodes/snapshot-rollback.js';
import { Snapshot } from '../../../schemas/resources/volume.js';
import { PoolName, SnapshotName, VolumeName } from '../../../schemas/storage-names.js';
import { ClassifiedError } from '../../errors/classified-error.js';
import { fromCluster } from '../../http/cluster-answer.js';
import { mutation, reading } from '../../http/route.js';
import { NamePattern, nameFilter } from '../../validation/name-pattern.js';
import { opcodeFrom } from './opcode-from.js';
import { sortedByText } from './sorted-by-text.js';

interface Filters {
  limit?: string;
  pool?: string;
  volume?: string;
}

interface Names {
  pool: string;
  volume: string;
  snapshot: string;
}

const ITEM = '/volume/snapshot/:pool/:volume/:snapshot';
const NAMES = { pool: PoolName, volume: VolumeName, snapshot: SnapshotName };

const listSnapshots = reading({
  method: 'GET',
  path: '/volume/snapshot',
  access: 'read',
  summary: 'The snapshots, sorted by pool, volume and name; the filters can be combined.',
  values: { limit: Type.Optional(NamePattern), pool: Type.Optional(PoolName), volume: Type.Optional(VolumeName) },
  answer: Type.Array(Snapshot),
  read: fromCluster(({ storage }, { limit, pool, volume }: Filters) => {
    const passes = nameFilter(limit);
    const wanted = [...storage.snapshots({ pool, volume })].filter(({ snapshot }) => passes(snapshot));
    return sortedByText(wanted, (found) => `${found.pool}/${found.volume}@${found.snapshot}`);
  }),
});

const readSnapshot = reading({
  method: 'GET',
  path: ITEM,
  access: 'read',
  summary: 'A snapshot.',
  values: NAMES,
  answer: Snapshot,
  read: fromCluster(({ storage }, { pool, volume, snapshot }: Names) => {
    const found = storage.snapshot(pool, volume, snapshot);
    if (found === undefined) throw new ClassifiedError('unknown_entity', 'Volume snapshot not found.');
    return found;
  }),
});

export const SNAPSHOT_READS = [listSnapshots, readSnapshot];

export const addSnapshot = (path: string) =>
  mutation({
    method: 'POST',
    path,
    access: 'write',
    summary: 'Takes a snapshot of a volume.',
    values: NAMES,
    ops: (values) => [opcodeFrom(SnapshotAdd, values)],
    message: ({ pool, volume, snapshot }) => `Created new RBD snapshot "${snapshot}" of volume "${volume}" on pool "${pool}".`,
  });

export const removeSnapshot = (method: 'DELETE' | 'POST', path: string) =>
  mutation({
    method,
    path,
    access: 'write',
    summary: 'Removes a snapshot.',
    values: NAMES,
    ops: (values) => [opcodeFrom(SnapshotRemove, values)],
    message: ({ pool, volume, snapshot }) => `Removed RBD snapshot "${snapshot}" of volume "${volume}" in pool "${pool}".`,
  });

export const renameSnapshot = mutation({
  method: 'PUT',
  path: ITEM,
  access: 'write',
  summary: 'Renames a snapshot.',
  values: {
    ...NAMES,
    new_name: Type.String({ ...SnapshotName, description: 'the new name, written as every name of a snapshot' }),
  },
  ops: (values) => [opcodeFrom(SnapshotRename, values)],
  message: ({ pool, volume, snapshot, new_name: newName }) =>
    `Renamed RBD snapshot "${snapshot}" to "${newName}" for volume "${volume}" in pool "${pool}".`,
});

export const rollBack = mutation({
  method: 'POST',
  path: `${ITEM}/rollback`,
  access: 'write',
  summary: 'Makes a volume what it was when a snapshot of it was taken.',
  values: NAMES,
  ops: (values) => [opcodeFrom(SnapshotRollback, values)],
  message: ({ pool, volume, snapshot }) => `Rolled back RBD volume "${volume}" in pool "${pool}" to snapshot "${snapshot}".`,
});
