// The opcodes of the storage, in one list.
import { CephFlagSet } from './ceph-flag-set.js';
import { CephFlagUnset } from './ceph-flag-unset.js';
import type { OpcodeSchema } from './opcode-schema.js';
import { OsdAdd } from './osd-add.js';
import { OsdIn } from './osd-in.js';
import { OsdOut } from './osd-out.js';
import { OsdRemove } from './osd-remove.js';
import { PoolAdd } from './pool-add.js';
import { PoolRemove } from './pool-remove.js';
import { SnapshotAdd } from './snapshot-add.js';
import { SnapshotRemove } from './snapshot-remove.js';
import { SnapshotRename } from './snapshot-rename.js';
import { SnapshotRollback } from './snapshot-rollback.js';
import { StorageVerify } from './storage-verify.js';
import { VmCreate } from './vm-create.js';
import { VolumeAdd } from './volume-add.js';
import { VolumeClone } from './volume-clone.js';
import { VolumeRemove } from './volume-remove.js';
import { VolumeRename } from './volume-rename.js';
import { VolumeResize } from './volume-resize.js';

export const STORAGE_OPCODES: readonly OpcodeSchema[] = [
  CephFlagSet,
  CephFlagUnset,
  OsdAdd,
  OsdIn,
  OsdOut,
  OsdRemove,
  PoolAdd,
  PoolRemove,
  SnapshotAdd,
  SnapshotRemove,
  SnapshotRename,
  SnapshotRollback,
  StorageVerify,
  VmCreate,
  VolumeAdd,
  VolumeClone,
  VolumeRemove,
  VolumeRename,
  VolumeResize,
];
