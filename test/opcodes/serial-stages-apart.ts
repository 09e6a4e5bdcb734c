// What two jobs at a time are asked of where each pair needs a cluster to itself: whole nodes with the VMs on them, flags, and who is the primary.
import { expect } from 'vitest';
import type { Opcode } from '../../schemas/job.js';
import { primaryElection } from '../../src/cluster/primary-election.js';
import { addAgent } from '../harness/agent.js';
import type { TestCluster } from '../harness/cluster.js';
import { addGuest, type Guest } from '../harness/guests.js';
import { wholeOf } from '../harness/snapshot.js';
import { patience } from '../lab/patience.js';
import { NODE_SCENARIOS } from './node-scenarios.js';
import { asking, distinct, type First, type Stage } from './serial-order.js';

const TAKES = 6;

const guestOf = (name: string, number: number): Guest => ({ name, uuid: `00000000-0000-4000-8000-00000000000${number}` });
/** On hv1, as the scenarios of nodes have them. */
const GUESTS = [guestOf('a', 1), guestOf('b', 2)];

const really = { yes_i_really_mean_it: true };
const onNode = (label: string, OP_ID: string, more = {}) => ({ label, op: (): Opcode => ({ OP_ID, node: 'hv1', ...more }) });

/** What becomes of a single VM meanwhile is no matter of theirs: they are made of a job a VM, and the law holds for each of those. */
export const NODES: Stage<undefined> = {
  options: {},
  apart: TAKES,
  resultsVary: true,
  firsts: NODE_SCENARIOS.map((scenario) =>
    asking<undefined, Omit<First<undefined>, 'wish'>>(
      {
        label: scenario.opcode,
        setting: scenario,
        keepsWhenCanceled: scenario.leavesMoved,
        async prepare(cluster) {
          for (const guest of GUESTS) await addGuest(cluster, guest, { state: 'start' });
          await scenario.prepare(cluster, GUESTS);
          return undefined;
        },
        op: () => ({ OP_ID: scenario.opcode, ...scenario.parameters }),
      },
      undefined,
    ),
  ),
  seconds: distinct(
    [onNode('flush', 'OP_NODE_FLUSH'), onNode('ready', 'OP_NODE_READY'), onNode('evacuate', 'OP_NODE_EVACUATE', really)],
    undefined,
  ),
  // An evacuation of the node does not wait for a VM that another job has just brought away, and brings back when it is cancelled.
  suits: (first, second) => !(first === 'OP_VM_EVACUATE' && second === 'evacuate'),
  stand: wholeOf,
};

const flag = (label: string, OP_ID: string, isSet: boolean): First<undefined> =>
  asking(
    {
      label,
      setting: isSet,
      async prepare(cluster: TestCluster) {
        await cluster.ceph.open().setFlag('noout', isSet);
        return undefined;
      },
      op: () => ({ OP_ID, flag: 'noout' }),
    },
    undefined,
  );

export const FLAGS: Stage<undefined> = {
  options: {},
  apart: TAKES,
  firsts: [flag('set a flag', 'OP_CEPH_FLAG_SET', false), flag('unset a flag', 'OP_CEPH_FLAG_UNSET', true)],
  seconds: [flag('set it', 'OP_CEPH_FLAG_SET', false), flag('unset it', 'OP_CEPH_FLAG_UNSET', true)],
  stand: wholeOf,
};

/** hv1 is the primary, and so it was wished. */
async function electing(cluster: TestCluster): Promise<undefined> {
  const election = primaryElection(cluster.store);
  await election.setWish({ node: 'hv1' }, new AbortController().signal);
  for (const node of ['hv1', 'hv2', 'hv3']) await addAgent(cluster, node, 200, { coordinator: true });
  await expect.poll(() => election.primary(), { timeout: patience(60_000) }).toBe('hv1');
  return undefined;
}

const primary = (label: string, OP_ID: string, node: string): First<undefined> =>
  asking({ label, setting: 'electing', prepare: electing, op: () => ({ OP_ID, node }) }, undefined);

export const PRIMARY: Stage<undefined> = {
  options: { nodes: ['hv1', 'hv2', 'hv3'] },
  apart: TAKES,
  firsts: [
    primary('make another one the primary', 'OP_NODE_PRIMARY', 'hv2'),
    primary('take it from the primary', 'OP_NODE_SECONDARY', 'hv1'),
  ],
  seconds: [
    primary('make it the primary', 'OP_NODE_PRIMARY', 'hv1'),
    primary('make a third one the primary', 'OP_NODE_PRIMARY', 'hv3'),
    primary('take it from the primary', 'OP_NODE_SECONDARY', 'hv1'),
  ],
  stand: wholeOf,
};
