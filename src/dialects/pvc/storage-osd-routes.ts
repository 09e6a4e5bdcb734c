// PVC's OSD endpoints, and the opcodes that they become. The texts are PVC's.
import Type from 'typebox';
import { OsdAdd } from '../../../schemas/opcodes/osd-add.js';
import { OsdIn } from '../../../schemas/opcodes/osd-in.js';
import { OsdOut } from '../../../schemas/opcodes/osd-out.js';
import { OsdRemove } from '../../../schemas/opcodes/osd-remove.js';
import { Osd, OsdStateAnswer } from '../../../schemas/resources/osd.js';
import { OsdId } from '../../../schemas/storage-names.js';
import type { StorageReader } from '../../cluster/storage-reader.js';
import { ClassifiedError } from '../../errors/classified-error.js';
import { fromStorageReport } from '../../http/cluster-answer.js';
import { mutation, reading } from '../../http/route.js';
import { NamePattern, nameFilter } from '../../validation/name-pattern.js';
import { opcodeFrom } from './opcode-from.js';
import { CONFIRMATION, confirmed } from './storage-confirmation.js';

function findOsd(storage: StorageReader, id: number): Osd {
  const osd = storage.osd(id);
  if (osd === undefined) throw new ClassifiedError('unknown_entity', 'OSD not found.');
  return osd;
}

const listOsds = reading({
  method: 'GET',
  path: '/osd',
  access: 'read',
  summary: 'The OSDs, sorted by ID; `limit` looks at the ID.',
  values: { limit: Type.Optional(NamePattern) },
  answer: Type.Array(Osd),
  read: fromStorageReport((storage, { limit }: { limit?: string }) => {
    const passes = nameFilter(limit);
    return [...storage.osds()].filter(({ id }) => passes(id)).toSorted((a, b) => Number(a.id) - Number(b.id));
  }),
});

const readOsd = reading({
  method: 'GET',
  path: '/osd/:osd',
  access: 'read',
  summary: 'An OSD.',
  values: { osd: OsdId },
  answer: Osd,
  read: fromStorageReport((storage, { osd }: { osd: number }) => findOsd(storage, osd)),
});

const readOsdState = reading({
  method: 'GET',
  path: '/osd/:osd/state',
  access: 'read',
  summary: 'Whether an OSD is in and up.',
  values: { osd: OsdId },
  answer: OsdStateAnswer,
  read: fromStorageReport((storage, { osd }: { osd: number }) => {
    const { id, stats } = findOsd(storage, osd);
    return { id, in: stats.in ?? null, up: stats.up ?? null };
  }),
});

export const OSD_READS = [listOsds, readOsd, readOsdState];

export const addOsd = (path: string) =>
  mutation({
    method: 'POST',
    path,
    access: 'write',
    summary: 'Makes an OSD of a block device of a node.',
    values: OsdAdd.parameters.properties,
    ops: (values) => [opcodeFrom(OsdAdd, values)],
    message: ({ device, node }) => `Created new OSD with block device "${device}" on node "${node}".`,
  });

export const removeOsd = (method: 'DELETE' | 'POST', path: string) =>
  mutation({
    method,
    path,
    access: 'write',
    summary: 'Moves the data of an OSD elsewhere, removes it and wipes its device.',
    values: { osd: OsdId, force: OsdRemove.parameters.properties.force, ...CONFIRMATION },
    ops: ({ osd, force = false, ...given }) => [{ OP_ID: OsdRemove.id, osd, force, ...confirmed(given) }],
    message: ({ osd }) => `Removed OSD "${osd}" from the cluster.`,
  });

const CHANGES = {
  in: { opcode: OsdIn.id, message: (osd: number) => `Set OSD ${osd} online.` },
  out: { opcode: OsdOut.id, message: (osd: number) => `Set OSD ${osd} offline.` },
} as const;

export const moveOsd = (state: 'in' | 'out', path: string) =>
  mutation({
    method: 'POST',
    path,
    access: 'write',
    summary: `Sets an OSD ${state}.`,
    values: { osd: OsdId },
    ops: ({ osd }) => [{ OP_ID: CHANGES[state].opcode, osd }],
    message: ({ osd }) => CHANGES[state].message(osd),
  });

export const setOsdState = mutation({
  method: 'POST',
  path: '/osd/:osd/state',
  access: 'write',
  summary: 'Sets an OSD in or out.',
  values: { osd: OsdId, state: Type.Enum(['in', 'out'], { description: '`in`: it is given data; `out`: its data is moved away' }) },
  ops: ({ osd, state }) => [{ OP_ID: CHANGES[state].opcode, osd }],
  message: ({ osd, state }) => CHANGES[state].message(osd),
});
