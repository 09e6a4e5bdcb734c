// What two jobs at a time are asked of: VMs, and pools with their volumes.
import type { Opcode } from '../../schemas/job.js';
import { partAbout } from '../harness/snapshot.js';
import { addGuest, type Guest } from '../harness/guests.js';
import { SCENARIOS, type Scenario } from './scenarios.js';
import { asking, distinct, type First, type Stage } from './serial-order.js';
import { STORAGE_SCENARIOS, type StorageScenario } from './storage-scenarios.js';

const vmOp =
  ({ opcode, parameters }: Scenario) =>
  (guest: Guest): Opcode => ({ OP_ID: opcode, ...parameters(guest) });

const DEAF = 'a guest that does not listen';
/** Where a node is chosen among several, two runs differ. */
const VM_SCENARIOS = SCENARIOS.filter(({ steps, title }) => steps > 0 && !title.endsWith('there yet, on a node that is chosen'));
/** Waits for a guest to power off that does not listen; or cuts the power of one that would, if it is slow. */
const WAITS_LONG = /^OP_VM_(RESTART|SHUTDOWN)|that is restarted/;
const SAMPLE: Guest = { name: 'name', uuid: 'uuid' };

export const VMS: Stage<Guest> = {
  options: {},
  firsts: VM_SCENARIOS.map((scenario) =>
    asking<Guest, Omit<First<Guest>, 'wish'>>(
      {
        label: `${scenario.opcode} on ${scenario.title}`,
        setting: JSON.stringify(scenario.before),
        async prepare(cluster, mark) {
          if (scenario.before !== undefined) await addGuest(cluster, mark, scenario.before);
          return mark;
        },
        op: vmOp(scenario),
      },
      SAMPLE,
    ),
  ),
  seconds: distinct(
    [
      ...VM_SCENARIOS.map((scenario) => ({ label: `${scenario.opcode} as for ${scenario.title}`, op: vmOp(scenario) })),
      { label: 'OP_VM_EVACUATE', op: ({ uuid }: Guest) => ({ OP_ID: 'OP_VM_EVACUATE', vm: uuid, yes_i_really_mean_it: true }) },
    ],
    SAMPLE,
  ),
  suits: (first, second) => (first.includes(DEAF) ? !WAITS_LONG.test(second) || second.includes(DEAF) : !second.includes(DEAF)),
  stand: partAbout,
};

const poolOp =
  ({ opcode, parameters }: StorageScenario) =>
  (pool: string): Opcode => ({ OP_ID: opcode, ...parameters(pool) });

export const POOLS: Stage<string> = {
  // Enough OSDs for the pools.
  options: { nodes: Array.from({ length: 60 }, (_, index) => `hv${index + 1}`) },
  firsts: STORAGE_SCENARIOS.map((scenario) =>
    asking<string, Omit<First<string>, 'wish'>>(
      {
        label: `${scenario.opcode} on ${scenario.title}`,
        setting: scenario.prepare,
        async prepare(cluster, { name }) {
          await scenario.prepare(cluster, name);
          return name;
        },
        op: poolOp(scenario),
      },
      'pool',
    ),
  ),
  seconds: distinct(
    STORAGE_SCENARIOS.map((scenario) => ({ label: `${scenario.opcode} as for ${scenario.title}`, op: poolOp(scenario) })),
    'pool',
  ),
  stand: partAbout,
};
