// The primary's watcher: what should run and does not is started again, by jobs that everybody can see; what does not stay up is left down.
import { expect, it } from 'vitest';
import { createLocks } from '../../src/cluster/locks.js';
import { nodeDocuments } from '../../src/cluster/node-documents.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { addAgent } from '../harness/agent.js';
import { startCluster, type TestCluster } from '../harness/cluster.js';
import { addGuest, newGuest, type Guest } from '../harness/guests.js';
import { redisForFile } from '../harness/redis-for-file.js';
import { patience } from '../lab/patience.js';

const redis = redisForFile();

const SOON = { timeout: patience(60_000) };
const INTERVAL_MS = 200;

async function watchedCluster() {
  const cluster = await startCluster({ redisUrl: redis().url, nodes: ['hv1', 'hv2', 'hv3'] });
  const agents = [await addAgent(cluster, 'hv1', INTERVAL_MS, { coordinator: true })];
  await expect.poll(() => agents[0]?.isPrimary, SOON).toBe(true);
  return { ...cluster, agents };
}

const watcherJobs = async ({ desk }: TestCluster) => (await desk.list({ user: 'watcher', limit: 100 })).jobs.toReversed();
const runsOn = ({ world }: TestCluster, guest: Guest, node = 'hv1') =>
  world.snapshot()[node]?.some(({ uuid, running }) => uuid === guest.uuid && running !== null) === true;
const isUp = (cluster: TestCluster, guest: Guest, node?: string) => expect.poll(() => runsOn(cluster, guest, node), SOON).toBe(true);

/** The watcher has looked often enough: it has submitted a job about this one, which crashed last. */
async function looksOften(cluster: TestCluster, node = 'hv1'): Promise<void> {
  const probe = newGuest('probe');
  await addGuest(cluster, probe, { state: 'start', node });
  await cluster.world.crash(probe.uuid);
  await expect.poll(async () => (await watcherJobs(cluster)).some(({ ops }) => ops[0]?.['vm'] === probe.uuid), SOON).toBe(true);
}

it('starts a guest that crashed, three times; then it is left down and says why', async () => {
  const cluster = await watchedCluster();
  const guest = newGuest('web1');
  await addGuest(cluster, guest, { state: 'start' });
  await cluster.addWorker();
  for (const times of [1, 2, 3]) {
    await cluster.world.crash(guest.uuid);
    await expect.poll(async () => (await watcherJobs(cluster)).filter(({ status }) => status === 'success').length, SOON).toBe(times);
    await isUp(cluster, guest);
  }
  expect(await watcherJobs(cluster)).toMatchObject(
    [1, 2, 3].map(() => ({ user: 'watcher', reason: 'watcher', ops: [{ OP_ID: 'OP_VM_START', vm: guest.uuid, expected_state: 'start' }] })),
  );
  await cluster.world.crash(guest.uuid);
  await expect
    .poll(() => cluster.vms.get('web1'), SOON)
    .toMatchObject({ state: 'fail', failed_reason: 'the guest crashed on hv1 4 times within 10 minutes' });
  expect(await watcherJobs(cluster)).toHaveLength(3);
  expect(runsOn(cluster, guest)).toBe(false);
});

it('says why a guest cannot be started, when three jobs have failed', async () => {
  const cluster = await watchedCluster();
  const guest = newGuest('web1');
  await addGuest(cluster, guest, { state: 'start' });
  const failure = new ClassifiedError('environment_error', 'the disk is on fire');
  for (let times = 0; times < 3; times++) cluster.world.failNext('start', failure);
  await cluster.addWorker();
  await cluster.world.crash(guest.uuid);
  await expect.poll(() => cluster.vms.get('web1'), SOON).toMatchObject({ state: 'fail', failed_reason: 'the disk is on fire' });
  expect((await watcherJobs(cluster)).map(({ status }) => status)).toEqual(['error', 'error', 'error']);
});

it('brings back all guests of a node that was booted anew', async () => {
  const cluster = await watchedCluster();
  const guests = ['a', 'b', 'c'].map(newGuest);
  const off = newGuest('off');
  for (const guest of guests) await addGuest(cluster, guest, { state: 'start', node: 'hv2' });
  await addGuest(cluster, off, { state: 'stop', node: 'hv2' });
  await cluster.addWorker();
  const hypervisor = await cluster.world.hypervisors.on('hv2');
  for (const { uuid } of guests) {
    await hypervisor.destroy(uuid);
    await hypervisor.undefine(uuid);
  }
  await addAgent(cluster, 'hv2', INTERVAL_MS);
  for (const guest of guests) await isUp(cluster, guest, 'hv2');
  expect(runsOn(cluster, off, 'hv2')).toBe(false);
  const vms = (await watcherJobs(cluster)).map(({ ops }) => ops[0]?.['vm']);
  expect(new Set(vms)).toEqual(new Set(guests.map(({ uuid }) => uuid)));
  expect(vms).toHaveLength(guests.length);
});

it('leaves alone what powered itself off, what is on a dead node, and what is on one in maintenance', async () => {
  const cluster = await watchedCluster();
  const [off, dead, flushed] = [newGuest('off'), newGuest('dead'), newGuest('flushed')];
  await addGuest(cluster, off, { state: 'start' });
  await cluster.world.powerOff(off.uuid);
  await expect.poll(async () => (await cluster.vms.get('off')).state, SOON).toBe('stop');
  await cluster.store.discard('/node-reports/hv2');
  await addGuest(cluster, dead, { state: 'start', node: 'hv2' });
  await cluster.world.crash(dead.uuid);
  await addGuest(cluster, flushed, { state: 'start' });
  await nodeDocuments(cluster.store).update('hv1', (document) => ({ ...document, domain_state: 'flushed' }));
  await cluster.world.crash(flushed.uuid);
  await addAgent(cluster, 'hv3', INTERVAL_MS);
  await looksOften(cluster, 'hv3');
  expect(await watcherJobs(cluster)).toHaveLength(1);
  for (const name of ['dead', 'flushed']) expect((await cluster.vms.get(name)).state).toBe('start');
  // Back in service, it gets its guests back.
  await nodeDocuments(cluster.store).update('hv1', (document) => ({ ...document, domain_state: 'ready' }));
  await cluster.addWorker();
  await isUp(cluster, flushed);
});

it('touches nothing that a job is about: one that holds the lock, or one whose worker has died', async () => {
  const cluster = await watchedCluster();
  const [held, waiting] = [newGuest('held'), newGuest('waiting')];
  for (const guest of [held, waiting]) await addGuest(cluster, guest, { state: 'start' });
  const locks = createLocks(cluster.openSession(), { worker: 'test' });
  const lock = await locks.tryAcquire([{ mode: 'exclusive', resource: `vm/${held.uuid}` }], { job: 1, opcode: 'OP_TEST' });
  // No worker: the job waits, and holds no lock.
  await cluster.submit({ OP_ID: 'OP_VM_STOP', vm: 'waiting' });
  for (const { uuid } of [held, waiting]) await cluster.world.crash(uuid);
  await looksOften(cluster);
  const started = async () => (await watcherJobs(cluster)).map(({ ops }) => ops[0]?.['vm']);
  expect(await started()).not.toContain(held.uuid);
  expect(await started()).not.toContain(waiting.uuid);
  await lock?.release();
  await expect.poll(started, SOON).toContain(held.uuid);
});

it('does not start a guest that somebody stopped before its job had its turn', async () => {
  const cluster = await watchedCluster();
  const guest = newGuest('web1');
  await addGuest(cluster, guest, { state: 'start' });
  await cluster.world.crash(guest.uuid);
  await expect.poll(async () => (await watcherJobs(cluster)).length, SOON).toBe(1);
  const stop = await cluster.submit({ OP_ID: 'OP_VM_STOP', vm: 'web1' }, { priority: -10 });
  await cluster.addWorker({ openJobs: 1 });
  await cluster.end(stop);
  const [job] = await watcherJobs(cluster);
  const record = await cluster.end(job?.id ?? 0);
  expect([record.status, (await cluster.vms.get('web1')).state]).toEqual(['error', 'stop']);
  expect(record.opresult).toEqual([['OpPrereqError', [expect.stringContaining('not in state "start"'), 'wrong_state']]]);
});

it('goes on in the next primary where the last one stopped, and submits nothing twice', async () => {
  const cluster = await watchedCluster();
  const guest = newGuest('web1');
  await addGuest(cluster, guest, { state: 'start', node: 'hv2' });
  const second = await addAgent(cluster, 'hv2', INTERVAL_MS, { coordinator: true });
  await cluster.world.crash(guest.uuid);
  await expect.poll(async () => (await watcherJobs(cluster)).length, SOON).toBe(1);
  await cluster.agents[0]?.close();
  await expect.poll(() => second.isPrimary, SOON).toBe(true);
  await looksOften(cluster);
  expect((await watcherJobs(cluster)).filter(({ ops }) => ops[0]?.['vm'] === guest.uuid)).toHaveLength(1);
  await cluster.addWorker();
  await isUp(cluster, guest, 'hv2');
});

it('does not give up a guest that runs and is only not reported', async () => {
  const cluster = await watchedCluster();
  const guest = newGuest('web1');
  // No agent reports hv2: what stands there of it never changes.
  await addGuest(cluster, guest, { state: 'start', node: 'hv2' });
  await cluster.addWorker();
  await expect.poll(async () => (await watcherJobs(cluster)).filter(({ status }) => status === 'success').length, SOON).toBe(3);
  await looksOften(cluster);
  expect((await watcherJobs(cluster)).filter(({ ops }) => ops[0]?.['vm'] === guest.uuid)).toHaveLength(3);
  expect(await cluster.vms.get('web1')).toMatchObject({ state: 'start', failed_reason: '' });
});
