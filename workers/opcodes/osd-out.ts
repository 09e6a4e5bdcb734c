// OP_OSD_OUT
import { OsdOut } from '../../schemas/opcodes/osd-out.js';
import { exclusive } from '../engine/lock-wish.js';
import { opcode } from '../engine/opcode.js';
import { setOsdOut } from '../steps/osd-place.js';
import { presentOsd } from './known-osd.js';

export const osdOut = opcode(OsdOut, {
  version: 1,
  locks: ({ osd }) => [exclusive.osd(osd)],
  check: async (world, { osd }) => {
    const { id, in: isIn } = await presentOsd(world, osd);
    return { id, isIn };
  },
  steps: ({ id, isIn }) => (isIn ? [setOsdOut(id)] : []),
  result: ({ id }) => ({ osd: id, state: 'out' as const }),
});
