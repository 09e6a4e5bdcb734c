// PVC's GET routes of the storage, in both manuals' paths.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { STORAGE_REPORTS, reportStorage } from '../../src/cluster/storage-reports.js';
import { osd, osdFigures, pool, poolFigures, report, snapshot, volume } from '../cluster/sample-storage.js';
import { patience } from '../lab/patience.js';
import { startStorageApi, type StorageApi } from './storage-api.js';

const BOUND = { timeout: patience(30_000) };

let api: StorageApi;
beforeAll(async () => {
  api = await startStorageApi();
  const { documents } = api;
  for (const id of [10, 2, 0]) await documents.osds.create(osd(id));
  for (const name of ['vms', 'backup']) await documents.pools.create(pool(name));
  for (const spec of ['vms/web2_sda', 'vms/web1_sda', 'backup/web1_sda']) {
    await documents.volumes.create(volume(spec, [snapshot('weekly'), snapshot('daily')]));
  }
  await documents.volumes.create(volume('vms/plain'));
  await vi.waitFor(() => expect([...api.cluster.storage.volumes()]).toHaveLength(4), BOUND);
  await hear();
});
afterAll(() => api.close());

/** Seconds since 1970. */
const inS = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;
/** Takes away what is known of Ceph, then tells it this anew. */
async function hear(collectedAtS = inS(0)): Promise<void> {
  const { store, cluster } = api;
  for (const name of await store.children(STORAGE_REPORTS)) await store.discard(`${STORAGE_REPORTS}/${name}`);
  await vi.waitFor(() => expect(cluster.storage.reportedAtMs).toBeUndefined(), BOUND);
  const heard = report({ osds: [osdFigures(0), osdFigures(2)], pools: [poolFigures('vms')], collectedAtS });
  await reportStorage(store, heard);
  await vi.waitFor(() => {
    expect(cluster.storage.pool('vms')?.stats.id).toBe(2);
    expect(cluster.storage.osd(0)?.stats.up).toBe(1);
    expect([cluster.storage.status(), cluster.storage.df()]).not.toContain(undefined);
  }, BOUND);
}

describe.each(['/api/v1/storage/ceph', '/api/v1/ceph'])('%s', (base) => {
  const get = (path: string) => api.call('GET', `${base}${path}`);

  it.each(['', '/', '/status'])('answers "%s" with the status as text and as data', async (path) => {
    await hear();
    const { status, body, headers } = await get(path);
    expect([status, headers.get('age'), headers.get('warning')]).toEqual([200, null, null]);
    expect(body).toEqual({
      type: 'status',
      primary_node: 'hv1',
      collected_at: expect.any(Number),
      ceph_data: '  cluster:\n    health: HEALTH_OK\n',
      ceph_json: { health: { status: 'HEALTH_OK' } },
      flags: ['sortbitwise'],
    });
  });

  it.each(['/df', '/utilization'])('answers %s with how full it is', async (path) => {
    expect((await get(path)).body).toEqual({
      type: 'utilization',
      primary_node: 'hv1',
      collected_at: expect.any(Number),
      ceph_data: 'POOL_NAME  USED\nvms  30 GiB\n',
      ceph_json: { pools: [{ name: 'vms' }] },
    });
  });

  it.each([
    ['/osd', ['0', '2', '10']],
    ['/osd?limit=0', ['0', '10']],
    ['/osd?limit=^0$', ['0']],
    ['/osd?limit=9', []],
  ])('lists %s', async (path, ids) => {
    expect((await get(path)).body.map(({ id }: { id: string }) => id)).toEqual(ids);
  });

  it('answers an OSD by its ID alone, with numbers as numbers', async () => {
    const { body } = await get('/osd/0');
    expect(body).toMatchObject({ id: '0', node: 'hv1', device: '/dev/sdb', fsid: osd(0).fsid });
    expect(body.stats).toMatchObject({ up: 1, in: 1, utilization: 10, wr_ops: 7, wr_data: 8192, avail: '90G', state: 'exists,up' });
    expect((await get('/osd/10')).body).toMatchObject({ id: '10', stats: {} });
    expect((await get('/osd/0/state')).body).toEqual({ id: '0', in: 1, up: 1 });
    expect((await get('/osd/10/state')).body).toEqual({ id: '10', in: null, up: null });
  });

  it('lists pools by name', async () => {
    const { body } = await get('/pool');
    expect(body).toMatchObject([
      { name: 'backup', volume_count: 1, stats: {} },
      { name: 'vms', pgs: 128, copies: 3, mincopies: 2, volume_count: 3, stats: { num_objects: 2560, used_percent: 0.23 } },
    ]);
    expect((await get('/pool?limit=^vm')).body).toHaveLength(1);
    expect((await get('/pool/vms')).body).toEqual(body[1]);
  });

  it.each([
    ['/volume', ['backup/web1_sda', 'vms/plain', 'vms/web1_sda', 'vms/web2_sda']],
    ['/volume?pool=vms', ['vms/plain', 'vms/web1_sda', 'vms/web2_sda']],
    ['/volume?limit=web1', ['backup/web1_sda', 'vms/web1_sda']],
    ['/volume?limit=web&pool=vms', ['vms/web1_sda', 'vms/web2_sda']],
    ['/volume?limit=backup', []],
    ['/volume?pool=nosuch', []],
  ])('lists %s', async (path, specs) => {
    expect((await get(path)).body.map((found: { pool: string; name: string }) => `${found.pool}/${found.name}`)).toEqual(specs);
  });

  it('answers a volume as `rbd info` tells of it', async () => {
    expect((await get('/volume/vms/web1_sda')).body).toEqual({
      name: 'web1_sda',
      pool: 'vms',
      stats: {
        name: 'web1_sda',
        id: 'abc123',
        size: '20G',
        size_bytes: 21_474_836_480,
        objects: 5120,
        order: 22,
        object_size: 4_194_304,
        snapshot_count: 2,
        block_name_prefix: 'rbd_data.abc123',
        format: 2,
        features: ['layering', 'exclusive-lock'],
        flags: [],
        create_timestamp: 'Sat Nov 21 08:00:00 2026',
      },
    });
  });

  const allOf = (spec: string) => [`${spec}@daily`, `${spec}@weekly`];
  it.each([
    ['', [...allOf('backup/web1_sda'), ...allOf('vms/web1_sda'), ...allOf('vms/web2_sda')]],
    ['?pool=vms', [...allOf('vms/web1_sda'), ...allOf('vms/web2_sda')]],
    ['?volume=web1_sda', [...allOf('backup/web1_sda'), ...allOf('vms/web1_sda')]],
    ['?limit=^d', ['backup/web1_sda@daily', 'vms/web1_sda@daily', 'vms/web2_sda@daily']],
    ['?pool=vms&volume=web1_sda', allOf('vms/web1_sda')],
    ['?pool=vms&limit=week', ['vms/web1_sda@weekly', 'vms/web2_sda@weekly']],
    ['?volume=web1_sda&limit=week', ['backup/web1_sda@weekly', 'vms/web1_sda@weekly']],
    ['?pool=vms&volume=web1_sda&limit=week', ['vms/web1_sda@weekly']],
    ['?pool=nosuch&volume=web1_sda', []],
  ])('lists /volume/snapshot%s', async (query, specs) => {
    const { body } = await get(`/volume/snapshot${query}`);
    const told = body.map((found: Record<string, string>) => `${found['pool']}/${found['volume']}@${found['snapshot']}`);
    expect(told).toEqual(specs);
  });

  it('answers a snapshot', async () => {
    expect((await get('/volume/snapshot/vms/web1_sda/daily')).body).toEqual({
      pool: 'vms',
      volume: 'web1_sda',
      snapshot: 'daily',
      stats: { id: 4, size: '1024M', size_bytes: 1_073_741_824, protected: false, timestamp: 'Sat Nov 21 08:00:00 2026' },
    });
  });

  it.each([
    ['/osd/7', 404, 'unknown_entity', 'OSD not found.'],
    ['/osd/7/state', 404, 'unknown_entity', 'OSD not found.'],
    ['/osd/1', 404, 'unknown_entity', 'OSD not found.'],
    ['/pool/nosuch', 404, 'unknown_entity', 'Pool not found.'],
    ['/pool/vm', 404, 'unknown_entity', 'Pool not found.'],
    ['/volume/vms/nosuch', 404, 'unknown_entity', 'Volume not found.'],
    ['/volume/nosuch/web1_sda', 404, 'unknown_entity', 'Volume not found.'],
    ['/volume/snapshot/vms/web1_sda/nosuch', 404, 'unknown_entity', 'Volume snapshot not found.'],
    ['/volume/snapshot/vms/plain/daily', 404, 'unknown_entity', 'Volume snapshot not found.'],
    ['/osd/first', 400, 'wrong_input', /^osd: must be a number/],
    ['/osd/-1', 400, 'wrong_input', /^osd: /],
    ['/osd?limit=(', 400, 'wrong_input', /^limit: is not a regular expression/],
    ['/pool?limit=(', 400, 'wrong_input', /^limit: is not a regular expression/],
    ['/volume?limit=(', 400, 'wrong_input', /^limit: is not a regular expression/],
    ['/volume/snapshot?limit=(', 400, 'wrong_input', /^limit: is not a regular expression/],
    ['/volume?pool=a%2Fb', 400, 'wrong_input', /^pool: is not well-formed/],
    ['/volume/snapshot?volume=a%40b', 400, 'wrong_input', /^volume: is not well-formed/],
    ['/pool?colour=red', 400, 'wrong_input', /^colour: is not a known value/],
  ])('answers %s with %i', async (path, expected, code, message) => {
    const { status, body } = await get(path);
    expect([status, body.code, body.message]).toEqual([expected, code, expect.stringMatching(message)]);
  });
});

describe('while Ceph is away', () => {
  beforeAll(() => hear(inS(-600)));
  afterAll(() => hear());

  it.each(['', '/df', '/osd', '/osd/0', '/osd/0/state', '/pool', '/pool/vms'])('says how old "%s" is', async (path) => {
    const { status, headers } = await api.call('GET', `/api/v1/storage/ceph${path}`);
    expect([status, headers.get('warning')]).toEqual([200, '110 - "Response is Stale"']);
    expect(Number(headers.get('age'))).toBeGreaterThanOrEqual(599);
  });

  it.each(['/volume', '/volume/vms/web1_sda', '/volume/snapshot'])('tells no age of what the cluster itself knows: %s', async (path) => {
    expect((await api.call('GET', `/api/v1/storage/ceph${path}`)).headers.get('age')).toBeNull();
  });
});

it('says so when nothing was ever heard of Ceph, and lists what the cluster knows', async () => {
  const { store } = api;
  for (const name of await store.children(STORAGE_REPORTS)) await store.discard(`${STORAGE_REPORTS}/${name}`);
  await expect.poll(() => api.cluster.storage.reportedAtMs, BOUND).toBeUndefined();
  for (const path of ['/api/v1/storage/ceph', '/api/v1/storage/ceph/df']) {
    const { status, body } = await api.call('GET', path);
    expect([status, body.code]).toEqual([503, 'environment_error']);
  }
  const { status, body, headers } = await api.call('GET', '/api/v1/storage/ceph/osd/0');
  expect([status, body.stats, headers.get('age')]).toEqual([200, {}, null]);
});
