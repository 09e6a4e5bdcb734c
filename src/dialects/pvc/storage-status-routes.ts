// PVC's endpoints of the storage as a whole: how it is, how full it is, and its flags.
import Type from 'typebox';
import { CephFlagSet } from '../../../schemas/opcodes/ceph-flag-set.js';
import { CephFlagUnset } from '../../../schemas/opcodes/ceph-flag-unset.js';
import { StorageVerify } from '../../../schemas/opcodes/storage-verify.js';
import { StorageDf, StorageStatus } from '../../../schemas/resources/storage-status.js';
import { SettableFlag, UnsettableFlag } from '../../../schemas/storage-names.js';
import { ClassifiedError } from '../../errors/classified-error.js';
import { fromStorageReport } from '../../http/cluster-answer.js';
import { mutation, reading } from '../../http/route.js';
import { opcodeFrom } from './opcode-from.js';

function heard<T>(report: T | undefined): T {
  if (report === undefined) throw new ClassifiedError('environment_error', 'the storage is not known yet: no node has heard of it');
  return report;
}

const status = (path: string) =>
  reading({
    method: 'GET',
    path,
    access: 'read',
    summary: 'The status of the storage, as Ceph last told it.',
    values: {},
    answer: StorageStatus,
    read: fromStorageReport((storage) => heard(storage.status())),
  });

const df = (path: string) =>
  reading({
    method: 'GET',
    path,
    access: 'read',
    summary: 'How full the storage is, as Ceph last told it.',
    values: {},
    answer: StorageDf,
    read: fromStorageReport((storage) => heard(storage.df())),
  });

/** The manual's paths, and the one that PVC has for `df` since. */
export const STATUS_READS = [status('/'), status('/status'), df('/df'), df('/utilization')];

export const setFlag = (path: string) =>
  mutation({
    method: 'POST',
    path,
    access: 'write',
    summary: 'Sets a flag of the storage.',
    values: { option: SettableFlag },
    ops: ({ option }) => [{ OP_ID: CephFlagSet.id, flag: option }],
    calls: { flag: 'option' },
    message: ({ option }) => `Set OSD property "${option}".`,
  });

export const unsetFlag = (path: string) =>
  mutation({
    method: 'POST',
    path,
    access: 'write',
    summary: 'Unsets a flag of the storage.',
    values: { option: UnsettableFlag },
    ops: ({ option }) => [{ OP_ID: CephFlagUnset.id, flag: option }],
    calls: { flag: 'option' },
    message: ({ option }) => `Unset OSD property "${option}".`,
  });

const FLAG_CHANGES = {
  set: { opcode: CephFlagSet.id, done: 'Set' },
  unset: { opcode: CephFlagUnset.id, done: 'Unset' },
} as const;

/** Whether a flag can be unset the opcode's own schema says. */
export const changeFlag = mutation({
  method: 'POST',
  path: '/cluster-option',
  access: 'write',
  summary: 'Sets or unsets a flag of the storage.',
  values: { action: Type.Enum(['set', 'unset'], { description: 'what to do with it' }), option: SettableFlag },
  ops: ({ action, option }) => [{ OP_ID: FLAG_CHANGES[action].opcode, flag: option }],
  calls: { flag: 'option' },
  message: ({ action, option }) => `${FLAG_CHANGES[action].done} OSD property "${option}".`,
});

const { adopt, drop } = StorageVerify.parameters.properties;

export const verifyStorage = mutation({
  method: 'POST',
  path: '/verify',
  access: 'write',
  summary: 'Compares what the cluster knows with what Ceph has; what is named is adopted or dropped.',
  values: { adopt, drop },
  ops: (values) => [opcodeFrom(StorageVerify, values)],
  message: () => 'Comparing the cluster with Ceph.',
});
