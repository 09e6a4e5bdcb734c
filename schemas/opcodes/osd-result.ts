// What the opcodes that work on an OSD answer.
import Type from 'typebox';
import { NodeName } from '../names.js';
import { DevicePath, OsdId } from '../storage-names.js';

export const OsdResult = Type.Object({ osd: OsdId, node: NodeName, device: DevicePath });

export const OsdStateResult = Type.Object({
  osd: OsdId,
  state: Type.Enum(['in', 'out'], { description: '`in`: it is given data; `out`: its data is moved away' }),
});
