// OP_OSD_REMOVE: an OSD leaves the storage and its device is wiped (PVC: `DELETE /api/v1/storage/ceph/osd/<osd>`).
import Type from 'typebox';
import { DataLossConfirmed, OsdId } from '../storage-names.js';
import { opcodeSchema } from './opcode-schema.js';
import { OsdResult } from './osd-result.js';

export const OsdRemove = opcodeSchema({
  id: 'OP_OSD_REMOVE',
  title: 'Remove an OSD',
  description:
    'Sets the OSD out, waits until its data is elsewhere (the progress tells how far), stops it, makes Ceph forget it and wipes its device. Fails ' +
    'with `unknown_entity` for an OSD that does not exist, `wrong_state` when its node does not run (unless `force`)',
  summaryParameter: 'osd',
  subjects: { osd: ['osd'] },
  parameters: {
    osd: OsdId,
    yes_i_really_mean_it: DataLossConfirmed,
    force: Type.Optional(
      Type.Boolean({
        default: false,
        description: 'do not wait for the data: for an OSD that is dead, or whose node is. What had no other copy is lost',
      }),
    ),
  },
  result: Type.Object({
    ...OsdResult.properties,
    left: Type.String({ description: 'what is left of it on its device, which only `force` leaves there; empty: nothing' }),
  }),
});
