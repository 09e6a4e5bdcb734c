// What each opcode is tried on: a VM as it stands before, the opcode's parameters, and how the VM stands after success.
import { expect } from 'vitest';
import type { VmState } from '../../schemas/resources/vm.js';
import { guestXml, type Guest, type GuestWish } from '../harness/guests.js';

export interface Scenario {
  title: string;
  opcode: string;
  /** Undefined: there is no such VM. */
  before: GuestWish | undefined;
  parameters(guest: Guest): Record<string, unknown>;
  /** Undefined: there is no such VM any more. */
  after: { state: VmState; runs: boolean } | undefined;
  steps: number;
  result(guest: Guest): unknown;
}

const vm = ({ uuid }: Guest) => ({ vm: uuid });
const stateOf =
  (state: VmState, more: Record<string, unknown> = {}) =>
  ({ uuid }: Guest) => ({ uuid, state, ...more });
const movedTo =
  (node: string, lastNode: string, method: 'live' | 'cold' | 'assigned') =>
  ({ uuid }: Guest) => ({ uuid, node, last_node: lastNode, method });
const toNode = (node: string) => (guest: Guest) => ({ ...vm(guest), node });

export const SCENARIOS: readonly Scenario[] = [
  {
    title: 'a wait of two steps under a lock',
    opcode: 'OP_TEST_DELAY',
    before: { state: 'stop' },
    parameters: ({ name }) => ({ duration: 1.01, lock: [name], log: ['é'] }),
    after: { state: 'stop', runs: false },
    steps: 2,
    result: () => null,
  },
  {
    title: 'a VM that is not there yet, on a node that is chosen',
    opcode: 'OP_VM_DEFINE',
    before: undefined,
    parameters: (guest) => ({ xml: guestXml(guest) }),
    after: { state: 'stop', runs: false },
    steps: 1,
    result: ({ uuid, name }) => ({ uuid, name, node: expect.stringMatching(/^hv[12]$/) }),
  },
  {
    title: 'a VM that is not there yet, on a named node',
    opcode: 'OP_VM_DEFINE',
    before: undefined,
    parameters: (guest) => ({ xml: guestXml(guest), node: 'hv2' }),
    after: { state: 'stop', runs: false },
    steps: 1,
    result: ({ uuid, name }) => ({ uuid, name, node: 'hv2' }),
  },
  {
    title: 'a stopped VM',
    opcode: 'OP_VM_START',
    before: { state: 'stop' },
    parameters: vm,
    after: { state: 'start', runs: true },
    steps: 2,
    result: stateOf('start'),
  },
  {
    title: 'a VM that has failed',
    opcode: 'OP_VM_START',
    before: { state: 'fail', failedReason: 'the guest crashed' },
    parameters: vm,
    after: { state: 'start', runs: true },
    steps: 2,
    result: stateOf('start'),
  },
  {
    title: 'a VM that runs already',
    opcode: 'OP_VM_START',
    before: { state: 'start' },
    parameters: vm,
    after: { state: 'start', runs: true },
    steps: 0,
    result: stateOf('start'),
  },
  {
    title: 'a guest that powers off',
    opcode: 'OP_VM_SHUTDOWN',
    before: { state: 'start' },
    parameters: vm,
    after: { state: 'stop', runs: false },
    steps: 4,
    result: stateOf('stop', { forced: false }),
  },
  {
    title: 'a guest that does not listen',
    opcode: 'OP_VM_SHUTDOWN',
    before: { state: 'start', acpi: false },
    parameters: (guest) => ({ ...vm(guest), timeout: 0.1 }),
    after: { state: 'stop', runs: false },
    steps: 4,
    result: stateOf('stop', { forced: true }),
  },
  {
    title: 'a running VM',
    opcode: 'OP_VM_STOP',
    before: { state: 'start' },
    parameters: vm,
    after: { state: 'stop', runs: false },
    steps: 3,
    result: stateOf('stop'),
  },
  {
    title: 'a VM that has failed',
    opcode: 'OP_VM_STOP',
    before: { state: 'fail', failedReason: 'the guest crashed' },
    parameters: vm,
    after: { state: 'stop', runs: false },
    steps: 1,
    result: stateOf('stop'),
  },
  {
    title: 'a running VM',
    opcode: 'OP_VM_RESTART',
    before: { state: 'start' },
    parameters: vm,
    after: { state: 'start', runs: true },
    steps: 4,
    result: stateOf('start', { forced: false }),
  },
  {
    title: 'a stopped VM',
    opcode: 'OP_VM_DISABLE',
    before: { state: 'stop' },
    parameters: vm,
    after: { state: 'disable', runs: false },
    steps: 1,
    result: stateOf('disable'),
  },
  {
    title: 'a stopped VM that gets another name',
    opcode: 'OP_VM_MODIFY',
    before: { state: 'stop' },
    parameters: (guest) => ({ ...vm(guest), xml: guestXml({ ...guest, name: `${guest.name}-renamed` }, { vcpus: 2 }) }),
    after: { state: 'stop', runs: false },
    steps: 1,
    result: ({ uuid, name }) => ({ uuid, name: `${name}-renamed`, restarted: false }),
  },
  {
    title: 'a running VM that is not restarted',
    opcode: 'OP_VM_MODIFY',
    before: { state: 'start' },
    parameters: (guest) => ({ ...vm(guest), xml: guestXml(guest, { vcpus: 2 }) }),
    after: { state: 'start', runs: true },
    steps: 1,
    result: ({ uuid, name }) => ({ uuid, name, restarted: false }),
  },
  {
    title: 'a running VM that is restarted',
    opcode: 'OP_VM_MODIFY',
    before: { state: 'start' },
    parameters: (guest) => ({ ...vm(guest), xml: guestXml(guest, { vcpus: 2 }), restart: true }),
    after: { state: 'start', runs: true },
    steps: 5,
    result: ({ uuid, name }) => ({ uuid, name, restarted: true }),
  },
  {
    title: 'a stopped VM',
    opcode: 'OP_VM_UNDEFINE',
    before: { state: 'stop' },
    parameters: vm,
    after: undefined,
    steps: 2,
    result: ({ uuid, name }) => ({ uuid, name, volumes: [], kept: [] }),
  },
  {
    title: 'a running VM',
    opcode: 'OP_VM_UNDEFINE',
    before: { state: 'start' },
    parameters: vm,
    after: undefined,
    steps: 3,
    result: ({ uuid, name }) => ({ uuid, name, volumes: [], kept: [] }),
  },
  {
    title: 'a running VM',
    opcode: 'OP_VM_MIGRATE',
    before: { state: 'start' },
    parameters: toNode('hv2'),
    after: { state: 'start', runs: true },
    steps: 4,
    result: movedTo('hv2', 'hv1', 'live'),
  },
  {
    title: 'a running VM that cannot be moved live',
    opcode: 'OP_VM_MIGRATE',
    before: { state: 'start', hostDevice: true },
    parameters: toNode('hv2'),
    after: { state: 'start', runs: true },
    steps: 4,
    result: movedTo('hv2', 'hv1', 'cold'),
  },
  {
    title: 'a stopped VM, to a node that is chosen',
    opcode: 'OP_VM_MIGRATE',
    before: { state: 'stop' },
    parameters: vm,
    after: { state: 'stop', runs: false },
    steps: 1,
    result: movedTo('hv2', 'hv1', 'assigned'),
  },
  {
    title: 'a VM that has failed',
    opcode: 'OP_VM_MOVE',
    before: { state: 'fail', failedReason: 'the guest crashed', node: 'hv2', lastNode: 'hv1' },
    parameters: toNode('hv1'),
    after: { state: 'fail', runs: false },
    steps: 1,
    result: movedTo('hv1', '', 'assigned'),
  },
  {
    title: 'a running VM that was migrated before',
    opcode: 'OP_VM_MOVE',
    before: { state: 'start', node: 'hv2', lastNode: 'hv1' },
    parameters: vm,
    after: { state: 'start', runs: true },
    steps: 4,
    result: movedTo('hv1', '', 'live'),
  },
  {
    title: 'a running VM',
    opcode: 'OP_VM_UNMIGRATE',
    before: { state: 'start', node: 'hv2', lastNode: 'hv1' },
    parameters: vm,
    after: { state: 'start', runs: true },
    steps: 4,
    result: movedTo('hv1', '', 'live'),
  },
  {
    title: 'a running VM that cannot be moved live',
    opcode: 'OP_VM_UNMIGRATE',
    before: { state: 'start', node: 'hv2', lastNode: 'hv1', hostDevice: true },
    parameters: vm,
    after: { state: 'start', runs: true },
    steps: 4,
    result: movedTo('hv1', '', 'cold'),
  },
];
