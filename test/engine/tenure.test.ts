// Of all agents of one name one at a time is its node's: it alone reports, serves and changes anything.
import { pino } from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { mirrorCluster } from '../../src/cluster/cluster-mirror.js';
import { nodeReports } from '../../src/cluster/node-reports.js';
import { takeNode } from '../../workers/agent/tenure.js';
import type { AgentHypervisor } from '../../workers/drivers/hypervisor.js';
import { addAgent } from '../harness/agent.js';
import { startCluster, type TestCluster } from '../harness/cluster.js';
import { redisForFile } from '../harness/redis-for-file.js';
import { reachNodes, serveNode } from '../harness/served-node.js';
import { patience } from '../lab/patience.js';

const redis = redisForFile();

const log = pino({ level: 'silent' });
const SOON = { timeout: patience(30_000) };
const PATIENT_MS = 60_000;
const SHORT_MS = 300;
/** How long an agent may be silent. */
const CALL_MS = 3000;
const INTERVAL_MS = 100;

/** The hypervisor of hv1 with a number of processors by which it is known again. */
async function hypervisorWith({ world }: TestCluster, cpuCount: number): Promise<AgentHypervisor> {
  const real = await world.hypervisors.on('hv1');
  return { ...real, host: async () => ({ ...(await real.host()), cpuCount }) };
}

it('a second agent of a name is refused while the first one lives, and told who that is', async () => {
  const cluster = await startCluster({ redisUrl: redis().url });
  const first = await addAgent(cluster, 'hv1', INTERVAL_MS);
  const second = { node: 'hv1', store: cluster.openSession(), log };
  await expect(takeNode({ ...second, waitMs: SHORT_MS })).rejects.toMatchObject({
    errorClass: 'already_exists',
    message: expect.stringMatching(/^node "hv1" has an agent already: agent hv1 on .+ \(process \d+\)$/),
  });
  const waiting = takeNode({ ...second, waitMs: PATIENT_MS });
  await first.close();
  const tenure = await waiting;
  onTestFinished(() => tenure.close());
  expect(tenure.held?.entries).toHaveLength(1);
});

it('an agent that has lost its session leaves the node, its calls and its report to the one that has got it', async () => {
  const cluster = await startCluster({ redisUrl: redis().url });
  const place = { redisUrl: redis().url, keys: cluster.keys, closing: cluster.closing };
  const { hypervisors } = await reachNodes(place, ['hv1'], CALL_MS);
  const asked = async () => (await (await hypervisors.on('hv1')).host()).cpuCount;
  const [one, other] = [cluster.openSession(), cluster.openSession()];
  await serveNode(place, { node: 'hv1', hypervisor: await hypervisorWith(cluster, 1), store: one });
  expect(await asked()).toBe(1);
  const next = serveNode(place, { node: 'hv1', hypervisor: await hypervisorWith(cluster, 2), store: other });
  await one.expire();
  await next;
  await expect.poll(asked, SOON).toBe(2);
  for (let call = 0; call < 5; call += 1) expect(await asked()).toBe(2);
  await other.expire();
  await expect.poll(asked, SOON).toBe(1);
});

it('what is done for a node is done by the agent that has it at that moment', async () => {
  const cluster = await startCluster({ redisUrl: redis().url });
  const [one, other] = [cluster.openSession(), cluster.openSession()];
  const first = await takeNode({ node: 'hv1', store: one, waitMs: PATIENT_MS, log });
  await first.assertHeld([], new AbortController().signal);
  const queued = takeNode({ node: 'hv1', store: other, waitMs: PATIENT_MS, log });
  await one.expire();
  const second = await queued;
  onTestFinished(() => Promise.all([first.close(), second.close()]).then(() => undefined));
  expect(first.held).toBeUndefined();
  const tooLate = AbortSignal.timeout(SHORT_MS);
  await expect(first.assertHeld([], tooLate)).rejects.toMatchObject({ name: 'TimeoutError' });
  await second.assertHeld([], new AbortController().signal);
  const waiting = first.assertHeld([], new AbortController().signal);
  await second.close();
  await waiting;
});

it('an agent whose hypervisor is silent says that what it reports is old, and takes it back', async () => {
  const cluster = await startCluster({ redisUrl: redis().url });
  await addAgent(cluster, 'hv1', INTERVAL_MS, { silentAfterMs: 5 * INTERVAL_MS });
  const mirror = await mirrorCluster(cluster.store, () => undefined);
  onTestFinished(() => mirror.close());
  const silent = async () => (await nodeReports(cluster.store).find('hv1'))?.hypervisor_silent;
  expect(await silent()).toBe(false);
  cluster.world.node('hv1').unreachable(true);
  await expect.poll(silent, SOON).toBe(true);
  await expect.poll(() => mirror.node('hv1')?.daemon_state, SOON).toBe('hung');
  cluster.world.node('hv1').unreachable(false);
  await expect.poll(silent, SOON).toBe(false);
  await expect.poll(() => mirror.node('hv1')?.daemon_state, SOON).toBe('run');
});
