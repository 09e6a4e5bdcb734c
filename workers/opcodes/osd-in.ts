// OP_OSD_IN
import { OsdIn } from '../../schemas/opcodes/osd-in.js';
import { exclusive } from '../engine/lock-wish.js';
import { opcode } from '../engine/opcode.js';
import { setOsdIn } from '../steps/osd-place.js';
import { presentOsd } from './known-osd.js';

export const osdIn = opcode(OsdIn, {
  version: 1,
  locks: ({ osd }) => [exclusive.osd(osd)],
  check: async (world, { osd }) => {
    const { id, in: isIn } = await presentOsd(world, osd);
    return { id, isIn };
  },
  steps: ({ id, isIn }) => (isIn ? [] : [setOsdIn(id)]),
  result: ({ id }) => ({ osd: id, state: 'in' as const }),
});
