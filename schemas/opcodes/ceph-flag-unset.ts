// OP_CEPH_FLAG_UNSET: a flag of the whole storage is unset (PVC: `action=unset`).
import { UnsettableFlag } from '../storage-names.js';
import { CephFlagResult } from './ceph-flag-result.js';
import { opcodeSchema } from './opcode-schema.js';

export const CephFlagUnset = opcodeSchema({
  id: 'OP_CEPH_FLAG_UNSET',
  title: 'Unset a flag of the storage',
  description:
    'Unsets a flag for all OSDs, as `ceph osd unset` does. A flag that is not set is left alone. Fails with `wrong_input` when this version of ' +
    'Ceph does not know the flag',
  summaryParameter: 'flag',
  parameters: { flag: UnsettableFlag },
  result: CephFlagResult,
});
