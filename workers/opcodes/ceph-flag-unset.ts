// OP_CEPH_FLAG_UNSET
import { CephFlagUnset } from '../../schemas/opcodes/ceph-flag-unset.js';
import { flagOpcode } from './ceph-flags.js';

export const cephFlagUnset = flagOpcode(CephFlagUnset, false);
