// OP_OSD_IN: an OSD is given data (PVC: `state=in`).
import { OsdId } from '../storage-names.js';
import { opcodeSchema } from './opcode-schema.js';
import { OsdStateResult } from './osd-result.js';

export const OsdIn = opcodeSchema({
  id: 'OP_OSD_IN',
  title: 'Set an OSD in',
  description: 'Lets data be placed on the OSD. One that is in is left alone. Fails with `unknown_entity` for an OSD that does not exist',
  summaryParameter: 'osd',
  subjects: { osd: ['osd'] },
  parameters: { osd: OsdId },
  result: OsdStateResult,
});
