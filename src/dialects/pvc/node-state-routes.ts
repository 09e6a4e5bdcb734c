// PVC's endpoints for the states of a node, and the opcodes that they become. The texts are PVC's.
import { NodeName } from '../../../schemas/names.js';
import { NodeEvacuate, ReallyMeanIt } from '../../../schemas/opcodes/node-evacuate.js';
import { NodeCoordinatorStateAnswer, NodeDaemonStateAnswer, NodeDomainStateAnswer } from '../../../schemas/resources/node.js';
import { fromCluster } from '../../http/cluster-answer.js';
import { mutation, reading } from '../../http/route.js';
import { findNode } from './find-node.js';
import { COORDINATOR_CHANGES, DOMAIN_CHANGES, WantedCoordinatorState, WantedDomainState } from './node-state-changes.js';

const values = { node: NodeName };

const readDaemonState = reading({
  method: 'GET',
  path: '/node/:node/daemon-state',
  access: 'read',
  summary: "Whether a node's agent reports.",
  values,
  answer: NodeDaemonStateAnswer,
  read: fromCluster((cluster, { node }: { node: string }) => {
    const { name, daemon_state } = findNode(cluster, node);
    return { name, daemon_state };
  }),
});

const readCoordinatorState = reading({
  method: 'GET',
  path: '/node/:node/coordinator-state',
  access: 'read',
  summary: 'Whether a node is the primary.',
  values,
  answer: NodeCoordinatorStateAnswer,
  read: fromCluster((cluster, { node }: { node: string }) => {
    const { name, coordinator_state } = findNode(cluster, node);
    return { name, coordinator_state };
  }),
});

const readDomainState = reading({
  method: 'GET',
  path: '/node/:node/domain-state',
  access: 'read',
  summary: 'Whether a node takes VMs.',
  values,
  answer: NodeDomainStateAnswer,
  read: fromCluster((cluster, { node }: { node: string }) => {
    const { name, domain_state } = findNode(cluster, node);
    return { name, domain_state };
  }),
});

const setCoordinatorState = mutation({
  method: 'POST',
  path: '/node/:node/coordinator-state',
  access: 'write',
  summary: 'Makes a node the primary, or takes the primary from it.',
  values: { ...values, state: WantedCoordinatorState },
  aliases: { coordinator_state: 'state' },
  ops: ({ node, state }) => [{ OP_ID: COORDINATOR_CHANGES[state].opcode, node }],
  message: ({ node, state }) => COORDINATOR_CHANGES[state].message(node),
});

const setDomainState = mutation({
  method: 'POST',
  path: '/node/:node/domain-state',
  access: 'write',
  summary: 'Empties a node, or puts it back to service.',
  values: { ...values, state: WantedDomainState },
  aliases: { domain_state: 'state' },
  ops: ({ node, state }) => [{ OP_ID: DOMAIN_CHANGES[state].opcode, node }],
  message: ({ node, state }) => DOMAIN_CHANGES[state].message(node),
});

/** The older manual's verbs. */
const VERBS = {
  primary: { ...COORDINATOR_CHANGES.primary, summary: 'Makes a node the primary.' },
  secondary: { ...COORDINATOR_CHANGES.secondary, summary: 'Takes the primary from a node.' },
  flush: { ...DOMAIN_CHANGES.flush, summary: 'Empties a node.' },
  unflush: { ...DOMAIN_CHANGES.ready, summary: 'Puts a node back to service.' },
  ready: { ...DOMAIN_CHANGES.ready, summary: 'Puts a node back to service.' },
};

const verbs = Object.entries(VERBS).map(([verb, { opcode, message, summary }]) =>
  mutation({
    method: 'POST',
    path: `/node/:node/${verb}`,
    access: 'write',
    summary,
    values,
    ops: ({ node }) => [{ OP_ID: opcode, node }],
    message: ({ node }) => message(node),
  }),
);

const evacuate = mutation({
  method: 'POST',
  path: '/node/:node/evacuate',
  access: 'write',
  summary: 'Starts the VMs of a dead node elsewhere.',
  values: { ...values, yes_i_really_mean_it: ReallyMeanIt },
  ops: ({ node, yes_i_really_mean_it }) => [{ OP_ID: NodeEvacuate.id, node, yes_i_really_mean_it }],
  message: ({ node }) => `Starting the VMs of node ${node} elsewhere.`,
});

export const nodeStateRoutes = [
  readDaemonState,
  readCoordinatorState,
  setCoordinatorState,
  readDomainState,
  setDomainState,
  ...verbs,
  evacuate,
];
