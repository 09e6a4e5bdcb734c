// How old an answer about the storage is: as old as the older of the two, what the API knows and what Ceph was heard to say.
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.js';
import { fromStorageReport } from '../../src/http/cluster-answer.js';
import { MemoryJobDesk } from './memory-job-desk.js';
import { noStorage } from './no-storage.js';
import { sampleCluster } from './sample-cluster.js';

const LIMIT_S = 10_000;
const config = loadConfig({ RAPID_LISTEN: '127.0.0.1:0', RAPID_CLUSTER_STALE_READS_S: String(LIMIT_S) });
const read = fromStorageReport(({ reportedAtMs }) => ({ known: reportedAtMs !== undefined }));

/** `undefined`: the store is there; nothing was ever heard of Ceph. */
async function ageOf(storeS: number | undefined, cephS: number | undefined): Promise<string | undefined> {
  const agoMs = (ageS: number | undefined) => (ageS === undefined ? undefined : Date.now() - ageS * 1000);
  const cluster = { ...sampleCluster(), staleSinceMs: agoMs(storeS), storage: { ...noStorage, reportedAtMs: agoMs(cephS) } };
  const { headers } = await read({ jobs: new MemoryJobDesk(), cluster, config, log: pino({ level: 'silent' }) }, {});
  expect(headers?.['Warning'] === undefined).toBe(headers?.['Age'] === undefined);
  return headers?.['Age'];
}

it('is told once it is more than what lies between two reports', async () => {
  expect(await ageOf(undefined, undefined)).toBeUndefined();
  expect(await ageOf(undefined, -600)).toBeUndefined();
  expect(Number(await ageOf(undefined, 600))).toBeGreaterThanOrEqual(600);
});

it('is that of the older one', async () => {
  expect(Number(await ageOf(600, 3000))).toBeGreaterThanOrEqual(3000);
  expect(Number(await ageOf(3000, 600))).toBeGreaterThanOrEqual(3000);
});

it('is no reason to refuse when only Ceph is away, however long', async () => {
  expect(Number(await ageOf(undefined, 100 * LIMIT_S))).toBeGreaterThanOrEqual(100 * LIMIT_S);
  await expect(ageOf(2 * LIMIT_S, 0)).rejects.toMatchObject({ errorClass: 'environment_error' });
});
