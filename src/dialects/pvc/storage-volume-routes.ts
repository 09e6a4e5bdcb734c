// PVC's volume endpoints, and the opcodes that they become. The texts are PVC's.
import Type from 'typebox';
import type { Opcode } from '../../../schemas/job.js';
import { VolumeAdd } from '../../../schemas/opcodes/volume-add.js';
import { VolumeClone } from '../../../schemas/opcodes/volume-clone.js';
import { VolumeRemove } from '../../../schemas/opcodes/volume-remove.js';
import { VolumeRename } from '../../../schemas/opcodes/volume-rename.js';
import { VolumeResize } from '../../../schemas/opcodes/volume-resize.js';
import { Volume } from '../../../schemas/resources/volume.js';
import { PoolName, SnapshotName, VolumeName, VolumeSize } from '../../../schemas/storage-names.js';
import { ClassifiedError } from '../../errors/classified-error.js';
import { fromCluster } from '../../http/cluster-answer.js';
import { mutation, reading } from '../../http/route.js';
import { NamePattern, nameFilter } from '../../validation/name-pattern.js';
import { wrongInput } from '../../validation/wrong-input.js';
import { opcodeFrom } from './opcode-from.js';
import { sortedByText } from './sorted-by-text.js';

const listVolumes = reading({
  method: 'GET',
  path: '/volume',
  access: 'read',
  summary: 'The volumes, sorted by pool and name; the filters can be combined.',
  values: { limit: Type.Optional(NamePattern), pool: Type.Optional(PoolName) },
  answer: Type.Array(Volume),
  read: fromCluster(({ storage }, { limit, pool }: { limit?: string; pool?: string }) => {
    const passes = nameFilter(limit);
    const wanted = [...storage.volumes({ pool })].filter(({ name }) => passes(name));
    return sortedByText(wanted, (volume) => `${volume.pool}/${volume.name}`);
  }),
});

const readVolume = reading({
  method: 'GET',
  path: '/volume/:pool/:volume',
  access: 'read',
  summary: 'A volume.',
  values: { pool: PoolName, volume: VolumeName },
  answer: Volume,
  read: fromCluster(({ storage }, { pool, volume }: { pool: string; volume: string }) => {
    const found = storage.volume(pool, volume);
    if (found === undefined) throw new ClassifiedError('unknown_entity', 'Volume not found.');
    return found;
  }),
});

export const VOLUME_READS = [listVolumes, readVolume];

export const addVolume = (path: string) =>
  mutation({
    method: 'POST',
    path,
    access: 'write',
    summary: 'Makes an empty volume.',
    values: VolumeAdd.parameters.properties,
    ops: (values) => [opcodeFrom(VolumeAdd, values)],
    message: ({ pool, volume, size }) => `Created RBD volume "${pool}/${volume}" (${size}).`,
  });

interface VolumeChange {
  pool: string;
  volume: string;
  name?: string;
  size?: string | number;
  shrink?: boolean;
}

/** Each is a job of its own: what is renamed cannot be taken back as what is resized can. Throws wrong_input with PVC's texts. */
function changeOf({ pool, volume, name, size, shrink = false }: VolumeChange): { op: Opcode; message: string } {
  if (name !== undefined && size !== undefined) throw wrongInput([{ pointer: '', message: 'Can only perform one modification at once' }]);
  if (name !== undefined && shrink) throw wrongInput([{ pointer: '/shrink', message: 'is only for a new size' }]);
  if (name !== undefined) {
    return {
      op: { OP_ID: VolumeRename.id, pool, volume, new_name: name },
      message: `Renamed RBD volume "${volume}" to "${name}" on pool "${pool}".`,
    };
  }
  if (size === undefined) throw wrongInput([{ pointer: '', message: 'At least one modification must be specified' }]);
  return {
    op: { OP_ID: VolumeResize.id, pool, volume, size, shrink },
    message: `Resized RBD volume "${volume}" to size "${size}" on pool "${pool}".`,
  };
}

export const changeVolume = mutation({
  method: 'PUT',
  path: '/volume/:pool/:volume',
  access: 'write',
  summary: 'Renames or resizes a volume.',
  values: {
    pool: PoolName,
    volume: VolumeName,
    name: Type.Optional(Type.String({ ...VolumeName, description: 'the new name, written as every name of a volume' })),
    size: Type.Optional(VolumeSize),
    shrink: VolumeResize.parameters.properties.shrink,
  },
  ops: (values) => [changeOf(values).op],
  calls: { new_name: 'name' },
  message: (values) => changeOf(values).message,
});

export const removeVolume = (method: 'DELETE' | 'POST', path: string) =>
  mutation({
    method,
    path,
    access: 'write',
    summary: 'Removes a volume with its snapshots.',
    values: { pool: PoolName, volume: VolumeName },
    ops: ({ pool, volume }) => [{ OP_ID: VolumeRemove.id, pool, volume }],
    message: ({ pool, volume }) => `Removed RBD volume "${volume}" in pool "${pool}".`,
  });

const { new_pool: NewPool } = VolumeClone.parameters.properties;

export const cloneVolume = mutation({
  method: 'POST',
  path: '/volume/:pool/:volume/clone',
  access: 'write',
  summary: 'Copies a volume, or one of its snapshots, into a new volume.',
  values: {
    pool: PoolName,
    volume: VolumeName,
    snapshot: Type.Optional(SnapshotName),
    new_volume: VolumeClone.parameters.properties.new_name,
    new_pool: NewPool,
  },
  ops: (values) => [opcodeFrom(VolumeClone, { ...values, new_name: values.new_volume })],
  calls: { new_name: 'new_volume' },
  message: ({ pool, volume, new_volume: newName, new_pool: newPool = pool }) =>
    `Cloned RBD volume "${volume}" to "${newName}" on pool "${newPool}".`,
});
