// Who was told of a change reads it, at any API: over a store that lags behind, and over a real ZooKeeper with two APIs.
import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { mirrorCluster } from '../../src/cluster/cluster-mirror.js';
import { registerNode, reportNode } from '../../src/cluster/node-documents.js';
import { ROOTS } from '../../src/cluster/open-store.js';
import type { Store } from '../../src/cluster/store.js';
import { loadConfig } from '../../src/config/load-config.js';
import { startApi } from '../../src/http/start-api.js';
import type { JobDesk } from '../../src/jobs/job-desk.js';
import { startZooKeeperLab } from '../cluster/zookeeper-lab.js';
import { nodeReport, startCluster } from '../harness/cluster.js';
import { redisForFile } from '../harness/redis-for-file.js';
import { callerOf } from '../http/api-under-test.js';
import { MemoryJobDesk } from '../http/memory-job-desk.js';

const redisUrl = redisForFile();
const VMS = 300;
const AT_ONCE = 10;

const xml = (name: string) =>
  `<domain type='kvm'><name>${name}</name><memory unit='MiB'>64</memory><vcpu>1</vcpu><os><type arch='x86_64'>hvm</type></os></domain>`;

async function apiOver(store: Store, jobs: JobDesk): Promise<ReturnType<typeof callerOf>> {
  const cluster = await mirrorCluster(store, (error) => {
    throw error;
  });
  const api = await startApi({ jobs, cluster, log: pino({ level: 'silent' }), config: loadConfig({ RAPID_LISTEN: '127.0.0.1:0' }) });
  onTestFinished(async () => {
    await api.close();
    cluster.close();
  });
  return callerOf(api.url);
}

/** Does all of it, so many at a time. */
async function each(count: number, act: (index: number) => Promise<void>): Promise<void> {
  for (let start = 0; start < count; start += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => act(start + index)));
  }
}

describe('a read that follows what was told', () => {
  it('shows what a job did, at an API whose store lags behind', async () => {
    const cluster = await startCluster({ redisUrl: redisUrl().url });
    await cluster.addWorker();
    const session = cluster.openSession();
    const call = await apiOver(session, cluster.desk);
    session.lag();
    const statuses: number[] = [];
    await each(VMS, async (index) => {
      const { status } = await cluster.run({ OP_ID: 'OP_VM_DEFINE', xml: xml(`vm${index}`), node: 'hv1' });
      expect(status).toBe('success');
      statuses.push((await call('GET', `/api/v1/vm/vm${index}`)).status);
    });
    expect(statuses).toEqual(Array.from({ length: VMS }, () => 200));
  });

  it('is right in the check of a job that follows another one, at a worker that reads slowly', async () => {
    const cluster = await startCluster({ redisUrl: redisUrl().url });
    const worker = await cluster.addWorker();
    const { getPresent } = worker.session;
    worker.session.getPresent = async (path, onChange) => {
      for (let turn = 0; turn < 1000; turn += 1) await new Promise(setImmediate);
      return await getPresent(path, onChange);
    };
    for (let round = 0; round < 5; round += 1) {
      // Not by a job of the worker, whose own changes it always sees.
      await registerNode(cluster.store, { name: `new${round}`, uri: `simulated://new${round}`, coordinator: false });
      await reportNode(cluster.store, `new${round}`, nodeReport());
      const { status, opresult } = await cluster.run({ OP_ID: 'OP_VM_DEFINE', xml: xml(`vm${round}`), node: `new${round}` });
      expect([status, opresult]).toEqual(['success', [expect.anything()]]);
    }
  });

  it('is answered with a warning while the store is away, and at once', async () => {
    const cluster = await startCluster({ redisUrl: redisUrl().url });
    const session = cluster.openSession();
    const call = await apiOver(session, cluster.desk);
    session.suspend();
    const { status, headers } = await call('GET', '/api/v1/node');
    expect([status, headers.get('warning')]).toEqual([200, '110 - "Response is Stale"']);
    session.resume();
    await expect.poll(async () => (await call('GET', '/api/v1/node')).headers.get('warning')).toBeNull();
  });

  it('shows it at each of two APIs over ZooKeeper', async () => {
    const lab = await startZooKeeperLab(ROOTS);
    onTestFinished(() => lab.close());
    const [writer, ...readers] = await Promise.all([lab.open(), lab.open(), lab.open()]);
    onTestFinished(async () => {
      await Promise.all([writer, ...readers].map((store) => store.close()));
    });
    const calls = await Promise.all(readers.map((store) => apiOver(store, new MemoryJobDesk())));
    const statuses: number[] = [];
    await each(VMS, async (index) => {
      await registerNode(writer, { name: `hv${index}`, uri: 'simulated://', coordinator: false });
      const replies = await Promise.all(calls.map((call) => call('GET', `/api/v1/node/hv${index}`)));
      statuses.push(...replies.map(({ status }) => status));
    });
    expect(statuses).toEqual(Array.from({ length: 2 * VMS }, () => 200));
  });
});
