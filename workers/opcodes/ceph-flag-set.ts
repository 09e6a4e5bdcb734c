// OP_CEPH_FLAG_SET
import { CephFlagSet } from '../../schemas/opcodes/ceph-flag-set.js';
import { flagOpcode } from './ceph-flags.js';

export const cephFlagSet = flagOpcode(CephFlagSet, true);
