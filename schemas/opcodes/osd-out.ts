// OP_OSD_OUT: the data of an OSD is moved to the others (PVC: `state=out`).
import { OsdId } from '../storage-names.js';
import { opcodeSchema } from './opcode-schema.js';
import { OsdStateResult } from './osd-result.js';

export const OsdOut = opcodeSchema({
  id: 'OP_OSD_OUT',
  title: 'Set an OSD out',
  description:
    'Lets Ceph move the data of the OSD to the others; it does not wait for the end of that. One that is out is left alone. Fails with ' +
    '`unknown_entity` for an OSD that does not exist',
  summaryParameter: 'osd',
  subjects: { osd: ['osd'] },
  parameters: { osd: OsdId },
  result: OsdStateResult,
});
