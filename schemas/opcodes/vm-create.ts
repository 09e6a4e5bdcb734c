// OP_VM_CREATE: a VM from a few numbers: its volumes, its XML and itself.
import Type from 'typebox';
import { NodeName, Selector, Uuid } from '../names.js';
import { LETTERS, PoolName, SnapshotName, VolumeName, VolumeSize } from '../storage-names.js';
import { opcodeSchema } from './opcode-schema.js';
import { VolumeResult } from './volume-result.js';

const Source = Type.Object(
  { pool: PoolName, volume: VolumeName, snapshot: Type.Optional(SnapshotName) },
  { additionalProperties: false, description: 'a volume, or one of its snapshots, that is copied in full' },
);

const Disk = Type.Object(
  {
    pool: PoolName,
    volume: Type.Optional(
      Type.String({
        ...VolumeName,
        description: `the new volume, \`<name>_sda\` and so on in the order of the disks when it is left out: ${LETTERS}; at most 96 characters`,
      }),
    ),
    size: Type.Optional(VolumeSize),
    clone_of: Type.Optional(Source),
  },
  {
    additionalProperties: false,
    description: 'a new volume: empty with `size`, or a copy with `clone_of`; with both, a copy that is enlarged to that size',
  },
);

const Nic = Type.Object(
  {
    bridge: Type.String({
      minLength: 1,
      maxLength: 15,
      pattern: '^[A-Za-z0-9_][A-Za-z0-9_.-]*$',
      description: "the node's bridge that it is plugged into: `vmbr100`",
    }),
    mac: Type.Optional(
      Type.String({
        pattern: '^[0-9A-Fa-f][02468ACEace](:[0-9A-Fa-f]{2}){5}$',
        description: 'its MAC address, no group address; a random one when it is left out',
      }),
    ),
    model: Type.Optional(
      Type.String({ minLength: 1, maxLength: 30, pattern: '^[A-Za-z0-9_-]+$', default: 'virtio', description: 'the model of the card' }),
    ),
  },
  { additionalProperties: false, description: 'a network card' },
);

export const VmCreate = opcodeSchema({
  id: 'OP_VM_CREATE',
  title: 'Create a VM with its volumes',
  description:
    'Makes the volumes, then defines the VM with them in state `stop`, on a node that is named or chosen. A failure removes what was made. Fails with ' +
    '`already_exists` when the name, the UUID or a volume is taken, `unknown_entity` for a pool, a source or a node that does not exist, ' +
    '`wrong_state` when the node is not ready, `insufficient_resources` when a pool has not that much free space or no node is ready',
  summaryParameter: 'name',
  subjects: { vm: ['name', 'uuid'], node: ['node'] },
  parameters: {
    name: Type.String({
      minLength: 1,
      maxLength: 80,
      pattern: '^[A-Za-z0-9_][A-Za-z0-9_.+-]*$',
      description: `the VM's name: ${LETTERS}; at most 80 characters`,
    }),
    uuid: Type.Optional(Type.String({ ...Uuid, description: 'its UUID; a random one when it is left out' })),
    vcpus: Type.Integer({ minimum: 1, maximum: 65_535, description: 'virtual CPUs' }),
    memory: Type.Integer({ minimum: 1, maximum: 67_108_864, description: 'MiB' }),
    disks: Type.Array(Disk, { maxItems: 26, description: 'the disks, the first one is booted from; none for a VM without a disk' }),
    nics: Type.Optional(Type.Array(Nic, { default: [], maxItems: 32, description: 'the network cards' })),
    node: Type.Optional(NodeName),
    selector: Type.Optional(Selector),
    description: Type.Optional(
      Type.String({
        maxLength: 1024,
        pattern: '^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\ud800-\\udfff\\ufffe\\uffff]*$',
        description: "the VM's description",
      }),
    ),
  },
  result: Type.Object({
    uuid: Uuid,
    name: Type.String({ description: "the VM's name" }),
    node: NodeName,
    volumes: Type.Array(VolumeResult, { description: 'the volumes that were made, in the order of the disks' }),
  }),
});
