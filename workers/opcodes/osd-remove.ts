// OP_OSD_REMOVE
import { OsdRemove } from '../../schemas/opcodes/osd-remove.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { exclusive } from '../engine/lock-wish.js';
import { opcode } from '../engine/opcode.js';
import { livingNode } from '../placement/node-life.js';
import { DEVICE_WIPED, forgetOsd, purgeOsd, stopOsd, wipeDevice } from '../steps/osd-end.js';
import { drainOsd, setOsdOut } from '../steps/osd-place.js';
import { findOsd } from './known-osd.js';

export const osdRemove = opcode(OsdRemove, {
  version: 1,
  // Not that of the storage as a whole: the data may take days to move, and who settles what is amiss does no harm to it.
  locks: ({ osd }) => [exclusive.osd(osd)],
  check: async (world, { osd, force = false }) => {
    const { document, sighting } = await findOsd(world, osd);
    const { node } = document;
    if (!force) await livingNode(world, node);
    const isThere = !force || (await world.nodes.isReported(node));
    if (!isThere && sighting?.up === true) {
      throw new ClassifiedError('wrong_state', `OSD ${osd} is up, and the agent of node "${node}" is not there to stop it`);
    }
    return { document, force, isThere, seen: sighting === undefined ? null : { isIn: sighting.in, isUp: sighting.up, pgs: sighting.pgs } };
  },
  // One that Ceph has forgotten already is what a removal left that failed in the middle.
  steps: ({ document, force, isThere, seen }) => [
    ...(seen?.isIn === true ? [setOsdOut(document.id)] : []),
    ...(seen !== null && !force ? [drainOsd(document.id, seen.pgs)] : []),
    ...(isThere ? [stopOsd(document, { onlyWhenSafe: !force, wasUp: seen?.isUp === true })] : []),
    ...(seen === null ? [] : [purgeOsd(document)]),
    wipeDevice(document, { isThere, mayFail: force }),
    forgetOsd(document),
  ],
  result: ({ document: { id, node, device } }, done) => ({ osd: id, node, device, left: done.get(DEVICE_WIPED) }),
});
