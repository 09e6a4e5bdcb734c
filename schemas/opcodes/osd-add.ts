// OP_OSD_ADD: a block device of a node becomes an OSD (PVC: `POST /api/v1/storage/ceph/osd`).
import Type from 'typebox';
import { NodeName } from '../names.js';
import { DevicePath } from '../storage-names.js';
import { opcodeSchema } from './opcode-schema.js';
import { OsdResult } from './osd-result.js';

export const OsdAdd = opcodeSchema({
  id: 'OP_OSD_ADD',
  title: 'Add an OSD',
  description:
    'Makes an OSD of an empty block device, puts it under its node in the CRUSH tree and starts it; Ceph assigns the ID. A failure leaves no half ' +
    'OSD. Fails with `unknown_entity` for a node or a device that does not exist, `wrong_state` when the node does not run, or the device is ' +
    'mounted, has partitions or a file system, or is an OSD already',
  summaryParameter: 'device',
  subjects: { node: ['node'] },
  parameters: {
    node: NodeName,
    device: DevicePath,
    weight: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 100_000,
        description: 'the weight in the CRUSH tree, usually 1.0 for all when all disks are the same; when it is left out, the size in TiB',
      }),
    ),
  },
  result: OsdResult,
});
