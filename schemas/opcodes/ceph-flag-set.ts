// OP_CEPH_FLAG_SET: a flag of the whole storage is set (PVC: `action=set`).
import { SettableFlag } from '../storage-names.js';
import { CephFlagResult } from './ceph-flag-result.js';
import { opcodeSchema } from './opcode-schema.js';

export const CephFlagSet = opcodeSchema({
  id: 'OP_CEPH_FLAG_SET',
  title: 'Set a flag of the storage',
  description:
    'Sets a flag for all OSDs, as `ceph osd set` does. A flag that is set already is left alone. Fails with `wrong_input` when this version of ' +
    'Ceph does not know the flag, `wrong_state` when Ceph refuses',
  summaryParameter: 'flag',
  parameters: { flag: SettableFlag },
  result: CephFlagResult,
});
