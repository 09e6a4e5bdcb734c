// A node that is emptied and a VM that is started on it exclude each other: whichever is held wherever, no guest runs on a node that says it is
// empty, and the guest runs as if one had come after the other.
import { expect, it } from 'vitest';
import type { JobRecord } from '../../schemas/job.js';
import { CLAIMS } from '../../src/cluster/claims.js';
import { nodeDocuments } from '../../src/cluster/node-documents.js';
import { opcodes } from '../../workers/opcodes/registry.js';
import { startCluster } from '../harness/cluster.js';
import { addGuest, newGuest } from '../harness/guests.js';
import { intervene, type Moment } from '../harness/interventions.js';
import { redisForFile } from '../harness/redis-for-file.js';
import { runsOn } from '../harness/runs-on.js';
import { patience } from '../lab/patience.js';

const redis = redisForFile();

const START = { OP_ID: 'OP_VM_START', vm: 'web1' };
const FLUSH = { OP_ID: 'OP_NODE_FLUSH', node: 'hv1' };

/** A stopped VM on hv1, and the first job held there. */
async function holding(op: typeof START | typeof FLUSH, moment: Moment) {
  const cluster = await startCluster({ redisUrl: redis().url });
  const wrapped = intervene(opcodes);
  const guest = newGuest('web1');
  await addGuest(cluster, guest);
  const job = await cluster.submit(op);
  let [arrive, letGo] = [() => {}, () => {}];
  const arrived = new Promise<void>((resolve) => void (arrive = resolve));
  const gone = new Promise<void>((resolve) => void (letGo = resolve));
  wrapped.in.set(job, {
    at: {
      [moment]: async () => {
        arrive();
        await gone;
      },
    },
  });
  await cluster.addWorker({ opcodes: wrapped.opcodes });
  await arrived;
  return {
    ...cluster,
    job,
    letGo: () => letGo(),
    stand: async () => ({
      domainState: (await nodeDocuments(cluster.store).get('hv1')).domain_state,
      runs: runsOn(cluster, guest),
      state: (await cluster.vms.get(guest.uuid)).state,
      claims: JSON.parse((await cluster.store.get(`${CLAIMS}/hv1`))?.data ?? '{}') as unknown,
    }),
  };
}

const ended = ({ status, opresult }: JobRecord) => [status, opresult[0]];
const notReady = (state: string) => ['error', ['OpPrereqError', [`node "hv1" is not ready (domain state ${state})`, 'wrong_state']]];
const emptied = { domainState: 'flushed', runs: [], state: 'stop', claims: {} };
const movedAway = { domainState: 'flushed', runs: ['hv2'], state: 'start', claims: {} };

it('refuses a start that was found possible before the node was emptied', async () => {
  const { job, letGo, run, end, stand } = await holding(START, 'run 0 before');
  expect(ended(await run(FLUSH))).toEqual(['success', { node: 'hv1', domain_state: 'flushed', vms: [], left: [] }]);
  letGo();
  expect(ended(await end(job))).toEqual(notReady('flushed'));
  expect(await stand()).toEqual(emptied);
});

it.each(['run 0 after', 'run 1 before', 'run 1 after'] as const)('takes along a VM of which the start is held at %s', async (moment) => {
  const { job, letGo, submit, end, desk, stand } = await holding(START, moment);
  const flush = await submit(FLUSH);
  // Its claim stands, so the node is not empty; its own job has the VM.
  expect(await desk.waitFor(flush, ({ children }) => children.length === 1, patience(30_000))).toBeDefined();
  expect((await stand()).domainState).toBe('flush');
  letGo();
  expect((await end(job)).status).toBe('success');
  const { status, opresult } = await end(flush);
  expect([status, opresult]).toEqual(['success', [expect.objectContaining({ domain_state: 'flushed', left: [] })]]);
  expect(await stand()).toEqual(movedAway);
});

it('takes along a VM that was started after the node was found empty', async () => {
  const { job, letGo, run, end, stand } = await holding(FLUSH, 'run 0 before');
  expect((await run(START)).status).toBe('success');
  letGo();
  expect((await end(job)).status).toBe('success');
  expect(await stand()).toEqual(movedAway);
});

it.each(['run 0 after', 'run 1 before', 'run 1 after', 'run 2 before'] as const)(
  'refuses a start while the emptying of the node is held at %s',
  async (moment) => {
    const { job, letGo, run, end, stand } = await holding(FLUSH, moment);
    expect(ended(await run(START))).toEqual(notReady('flush'));
    letGo();
    expect((await end(job)).status).toBe('success');
    expect(await stand()).toEqual(emptied);
  },
);
