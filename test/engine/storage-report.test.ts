// The primary's report of the storage: made again and again, left as it is when Ceph does not answer, and its age shows.
import { expect, it } from 'vitest';
import { mirrorCluster } from '../../src/cluster/cluster-mirror.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { addAgent } from '../harness/agent.js';
import { startCluster } from '../harness/cluster.js';
import { redisForFile } from '../harness/redis-for-file.js';
import { putPool } from '../harness/storage.js';
import { patience } from '../lab/patience.js';

const redis = redisForFile();
const POLL = { timeout: patience(20_000) };

async function reported() {
  const cluster = await startCluster({ redisUrl: redis().url });
  await putPool(cluster, 'vms');
  const { storage, close } = await mirrorCluster(cluster.openSession(), () => undefined);
  cluster.closing.add(close);
  return { ...cluster, seen: storage };
}

it('tells status, flags, how full it is, OSDs and pools, and again when they change', async () => {
  const cluster = await reported();
  const { seen, ceph, storage } = cluster;
  const [first] = await ceph.open().osds();
  await storage.osds.create({ id: 0, node: 'hv1', device: '/dev/sdb', fsid: first?.fsid ?? '', added_by: 1 });
  expect(seen.status()).toBeUndefined();
  await addAgent(cluster, 'hv1', 50, { coordinator: true });
  await expect.poll(() => seen.reportedAtMs, POLL).toBeDefined();
  expect(seen.status()).toMatchObject({ primary_node: 'hv1', ceph_data: expect.stringContaining('HEALTH_OK'), flags: [] });
  expect(seen.df()).toMatchObject({ ceph_data: expect.stringContaining('vms') });
  await expect.poll(() => seen.osd(0)?.stats, POLL).toMatchObject({ up: 1, in: 1, node: 'hv1' });
  await expect.poll(() => seen.pool('vms')?.stats, POLL).toMatchObject({ free_bytes: expect.any(Number) });
  await ceph.open().setFlag('noout', true);
  await expect.poll(() => seen.status()?.flags, POLL).toEqual(['noout']);
});

it('comes from the primary only', async () => {
  const cluster = await reported();
  const client = await addAgent(cluster, 'hv1', 50);
  const primary = await addAgent(cluster, 'hv2', 50, { coordinator: true });
  await expect.poll(() => cluster.seen.status()?.primary_node, POLL).toBe('hv2');
  await primary.close();
  await client.close();
  const last = cluster.seen.reportedAtMs;
  await addAgent(cluster, 'hv1', 50, { coordinator: true });
  await expect.poll(() => cluster.seen.status()?.primary_node, POLL).toBe('hv1');
  expect(cluster.seen.reportedAtMs).toBeGreaterThan(last ?? Infinity);
});

it('stays when Ceph does not answer, and is said once', async () => {
  const cluster = await reported();
  const lines: Record<string, unknown>[] = [];
  await addAgent(cluster, 'hv1', 50, { coordinator: true, onLog: (line) => lines.push(line) });
  await expect.poll(() => cluster.seen.reportedAtMs, POLL).toBeDefined();
  const silent = new ClassifiedError('environment_error', 'ceph gave no answer within 60 s');
  for (let times = 0; times < 3; times++) cluster.ceph.failNext('survey', silent);
  cluster.ceph.failNext('survey', new ClassifiedError('environment_error', 'it is away'));
  const before = cluster.seen.reportedAtMs ?? 0;
  const told = () => lines.filter(({ msg }) => msg === 'the primary cannot report the storage');
  await expect.poll(() => told().length, POLL).toBe(2);
  await expect.poll(() => cluster.seen.reportedAtMs, POLL).toBeGreaterThan(before);
  expect(cluster.seen.status()).toMatchObject({ primary_node: 'hv1' });
  expect(told()).toHaveLength(2);
});
