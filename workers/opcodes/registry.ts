// The opcodes that a worker runs, by wire name.
import type { OpcodeDefinition } from '../engine/opcode.js';
import { cephFlagSet } from './ceph-flag-set.js';
import { cephFlagUnset } from './ceph-flag-unset.js';
import { nodeEvacuate } from './node-evacuate.js';
import { nodeFlush } from './node-flush.js';
import { nodePrimary } from './node-primary.js';
import { nodeReady } from './node-ready.js';
import { nodeSecondary } from './node-secondary.js';
import { osdAdd } from './osd-add.js';
import { osdIn } from './osd-in.js';
import { osdOut } from './osd-out.js';
import { osdRemove } from './osd-remove.js';
import { poolAdd } from './pool-add.js';
import { poolRemove } from './pool-remove.js';
import { snapshotAdd } from './snapshot-add.js';
import { snapshotRemove } from './snapshot-remove.js';
import { snapshotRename } from './snapshot-rename.js';
import { snapshotRollback } from './snapshot-rollback.js';
import { storageVerify } from './storage-verify.js';
import { testDelay } from './test-delay.js';
import { vmCreate } from './vm-create.js';
import { vmDefine } from './vm-define.js';
import { vmDisable } from './vm-disable.js';
import { vmEvacuate } from './vm-evacuate.js';
import { vmMigrate } from './vm-migrate.js';
import { vmModify } from './vm-modify.js';
import { vmMove } from './vm-move.js';
import { vmRestart } from './vm-restart.js';
import { vmShutdown } from './vm-shutdown.js';
import { vmStart } from './vm-start.js';
import { vmStop } from './vm-stop.js';
import { vmUndefine } from './vm-undefine.js';
import { vmUnmigrate } from './vm-unmigrate.js';
import { volumeAdd } from './volume-add.js';
import { volumeClone } from './volume-clone.js';
import { volumeRemove } from './volume-remove.js';
import { volumeRename } from './volume-rename.js';
import { volumeResize } from './volume-resize.js';

const DEFINITIONS = [
  cephFlagSet,
  cephFlagUnset,
  nodeEvacuate,
  nodeFlush,
  nodePrimary,
  nodeReady,
  nodeSecondary,
  osdAdd,
  osdIn,
  osdOut,
  osdRemove,
  poolAdd,
  poolRemove,
  snapshotAdd,
  snapshotRemove,
  snapshotRename,
  snapshotRollback,
  storageVerify,
  testDelay,
  vmCreate,
  vmDefine,
  vmDisable,
  vmEvacuate,
  vmMigrate,
  vmModify,
  vmMove,
  vmRestart,
  vmShutdown,
  vmStart,
  vmStop,
  vmUndefine,
  vmUnmigrate,
  volumeAdd,
  volumeClone,
  volumeRemove,
  volumeRename,
  volumeResize,
];

export const opcodes: ReadonlyMap<string, OpcodeDefinition> = new Map(DEFINITIONS.map((definition) => [definition.id, definition]));
