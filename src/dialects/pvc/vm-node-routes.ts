// Where a VM is, and how it gets elsewhere: by PVC's REST manual one endpoint with an action, by the older manual a verb for each.
import Type, { type Static } from 'typebox';
import type { Opcode } from '../../../schemas/job.js';
import { type Selector, VmReference } from '../../../schemas/names.js';
import { Destination, DestinationSelector } from '../../../schemas/opcodes/destination.js';
import { VmMigrate } from '../../../schemas/opcodes/vm-migrate.js';
import { VmMove } from '../../../schemas/opcodes/vm-move.js';
import { VmUnmigrate } from '../../../schemas/opcodes/vm-unmigrate.js';
import { VmNodeAnswer } from '../../../schemas/resources/vm.js';
import { fromCluster } from '../../http/cluster-answer.js';
import { mutation, reading } from '../../http/route.js';
import { wrongInput } from '../../validation/wrong-input.js';
import { findVm } from './find-vm.js';

const MOVES = {
  migrate: { opcode: VmMigrate.id, takes: ['node', 'selector', 'force'], verb: 'Migrating', whereto: 'to another node' },
  move: { opcode: VmMove.id, takes: ['node', 'selector'], verb: 'Permanently migrating', whereto: 'to another node' },
  unmigrate: { opcode: VmUnmigrate.id, takes: [], verb: 'Unmigrating', whereto: 'back to its previous node' },
} as const;
type Action = keyof typeof MOVES;

interface Wish {
  vm: string;
  node?: string | undefined;
  selector?: Selector | undefined;
  force?: boolean | undefined;
}

/** Throws wrong_input for values that the action has no use for. */
function opcodeFor(action: Action, { vm, node, selector, force }: Wish): Opcode {
  const { opcode, takes } = MOVES[action];
  const given = Object.entries({ node, selector, force }).filter(([, value]) => value !== undefined && value !== false);
  const useless = given.filter(([name]) => !(takes as readonly string[]).includes(name));
  if (useless.length > 0) throw wrongInput(useless.map(([name]) => ({ pointer: `/${name}`, message: `is not for the action ${action}` })));
  return { OP_ID: opcode, vm, ...Object.fromEntries(given) };
}

function messageFor(action: Action, { vm, node }: Wish): string {
  const { verb, whereto } = MOVES[action];
  return `${verb} VM "${vm}" ${node === undefined ? whereto : `to node "${node}"`}.`;
}

const destination = {
  vm: VmReference,
  node: Type.Optional(Destination),
  selector: Type.Optional(DestinationSelector),
};

export const readVmNode = reading({
  method: 'GET',
  path: '/vm/:vm/node',
  access: 'read',
  summary: 'The node that a VM is on, and the one that it was migrated from.',
  values: { vm: VmReference },
  answer: VmNodeAnswer,
  read: fromCluster((cluster, { vm }: { vm: string }) => {
    const { name, node, last_node } = findVm(cluster, vm);
    return { name, node, last_node };
  }),
});

const vmNodeValues = {
  ...destination,
  action: Type.Enum(['migrate', 'unmigrate', 'move'], {
    description: '`migrate`: to another node for a time; `unmigrate`: back to the node it came from; `move`: to another node for good',
  }),
  permanent: Type.Optional(Type.Boolean({ default: false, description: 'with `migrate`: for good, which is `move`' })),
  force: VmMigrate.parameters.properties.force,
};
type VmNodeValues = Static<Type.TObject<typeof vmNodeValues>>;

/** Migrating for good is moving. */
function actionOf({ action, permanent = false }: VmNodeValues): Action {
  if (permanent && action === 'unmigrate') throw wrongInput([{ pointer: '/permanent', message: 'is not for the action unmigrate' }]);
  return permanent ? 'move' : action;
}

export const setVmNode = mutation({
  method: 'POST',
  path: '/vm/:vm/node',
  access: 'write',
  summary: 'Migrates a VM to another node, brings it back, or moves it for good.',
  values: vmNodeValues,
  ops: (values) => [opcodeFor(actionOf(values), values)],
  message: (values) => messageFor(actionOf(values), values),
});

export const migrateVm = mutation({
  method: 'POST',
  path: '/vm/:vm/migrate',
  access: 'write',
  summary: 'Migrates a VM to another node.',
  values: { ...destination, flag_force: VmMigrate.parameters.properties.force },
  ops: ({ vm, node, selector, flag_force: force }) => [opcodeFor('migrate', { vm, node, selector, force })],
  message: (values) => messageFor('migrate', values),
});

export const moveVm = mutation({
  method: 'POST',
  path: '/vm/:vm/move',
  access: 'write',
  summary: 'Moves a VM to another node for good.',
  values: destination,
  ops: ({ vm, node, selector }) => [opcodeFor('move', { vm, node, selector })],
  message: (values) => messageFor('move', values),
});

export const unmigrateVm = mutation({
  method: 'POST',
  path: '/vm/:vm/unmigrate',
  access: 'write',
  summary: 'Brings a migrated VM back to the node that it came from.',
  values: { vm: VmReference },
  ops: ({ vm }) => [opcodeFor('unmigrate', { vm })],
  message: (values) => messageFor('unmigrate', values),
});
