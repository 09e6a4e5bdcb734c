// PVC's mutating routes of the storage: the opcodes that they become, the texts, and what is refused before it is queued.
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { form, json } from './api-under-test.js';
import { startStorageApi, type StorageApi } from './storage-api.js';

// Also while the opcodes of the storage are not in the catalogue.
vi.mock(import('../../schemas/opcodes/catalogue.js'), async (original) => {
  const { OPCODES } = await original();
  const { STORAGE_OPCODES } = await import('../../schemas/opcodes/storage-catalogue.js');
  const all = [...new Set([...OPCODES, ...STORAGE_OPCODES])];
  return { OPCODES: all, opcodeById: (id) => all.find((opcode) => opcode.id === id) };
});

let api: StorageApi;
beforeAll(async () => void (api = await startStorageApi()));
afterAll(() => api.close());
beforeEach(() => void api.jobs.submissions.splice(0));

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const REST = '/api/v1/storage/ceph';
const FLAT = '/api/v1/ceph';
const WARNING = /^yes_i_really_mean_it: This command can have unintended consequences/;
const GIB = 1024 ** 3;

const v = { pool: 'vms', volume: 'a' };
const s = { ...v, snapshot: 'daily' };
const POOL = { OP_ID: 'OP_POOL_ADD', pool: 'vms', pgs: 256, copies: 3, mincopies: 2 };

type Call = [method: string, path: string, init?: RequestInit];

it.each<[Call, object, string]>([
  [['POST', `${REST}/cluster-option?action=set&option=noout`], { OP_ID: 'OP_CEPH_FLAG_SET', flag: 'noout' }, 'Set OSD property "noout".'],
  [
    ['POST', `${REST}/cluster-option`, form({ action: 'unset', option: 'nodeep-scrub' })],
    { OP_ID: 'OP_CEPH_FLAG_UNSET', flag: 'nodeep-scrub' },
    'Unset OSD property "nodeep-scrub".',
  ],
  [['POST', `${FLAT}/osd/set?option=pause`], { OP_ID: 'OP_CEPH_FLAG_SET', flag: 'pause' }, 'Set OSD property "pause".'],
  [['POST', `${FLAT}/osd/unset?option=pause`], { OP_ID: 'OP_CEPH_FLAG_UNSET', flag: 'pause' }, 'Unset OSD property "pause".'],
  [
    ['POST', `${REST}/osd`, form({ node: 'hv1', device: '/dev/sdb', weight: '1.0' })],
    { OP_ID: 'OP_OSD_ADD', node: 'hv1', device: '/dev/sdb', weight: 1 },
    'Created new OSD with block device "/dev/sdb" on node "hv1".',
  ],
  [
    ['POST', `${FLAT}/osd/hv1/add?device=/dev/disk/by-id/wwn-0x5000`],
    { OP_ID: 'OP_OSD_ADD', node: 'hv1', device: '/dev/disk/by-id/wwn-0x5000' },
    'Created new OSD with block device "/dev/disk/by-id/wwn-0x5000" on node "hv1".',
  ],
  [
    ['DELETE', `${REST}/osd/3?yes_i_really_mean_it`],
    { OP_ID: 'OP_OSD_REMOVE', osd: 3, force: false, yes_i_really_mean_it: true },
    'Removed OSD "3" from the cluster.',
  ],
  [
    ['DELETE', `${REST}/osd/3?yes-i-really-mean-it=true&force`],
    { OP_ID: 'OP_OSD_REMOVE', osd: 3, force: true, yes_i_really_mean_it: true },
    'Removed OSD "3" from the cluster.',
  ],
  [
    ['POST', `${FLAT}/osd/0/remove?flag_yes_i_really_mean_it`],
    { OP_ID: 'OP_OSD_REMOVE', osd: 0, force: false, yes_i_really_mean_it: true },
    'Removed OSD "0" from the cluster.',
  ],
  [['POST', `${REST}/osd/3/state?state=in`], { OP_ID: 'OP_OSD_IN', osd: 3 }, 'Set OSD 3 online.'],
  [['POST', `${REST}/osd/3/state`, json({ state: 'out' })], { OP_ID: 'OP_OSD_OUT', osd: 3 }, 'Set OSD 3 offline.'],
  [['POST', `${FLAT}/osd/3/in`], { OP_ID: 'OP_OSD_IN', osd: 3 }, 'Set OSD 3 online.'],
  [['POST', `${FLAT}/osd/3/out`], { OP_ID: 'OP_OSD_OUT', osd: 3 }, 'Set OSD 3 offline.'],
  [['POST', `${REST}/pool`, form({ pool: 'vms', pgs: '256' })], POOL, 'Created RBD pool "vms" with 256 PGs'],
  [['POST', `${REST}/pool?pool=vms`], { ...POOL, pgs: 128 }, 'Created RBD pool "vms" with 128 PGs'],
  [
    ['POST', `${FLAT}/pool/vms/add?pgs=256&copies=2&mincopies=1`],
    { ...POOL, copies: 2, mincopies: 1 },
    'Created RBD pool "vms" with 256 PGs',
  ],
  [
    ['DELETE', `${REST}/pool/vms`, form({ yes_i_really_mean_it: '' })],
    { OP_ID: 'OP_POOL_REMOVE', pool: 'vms', force: false, yes_i_really_mean_it: true },
    'Removed RBD pool "vms" and all volumes.',
  ],
  [
    ['POST', `${FLAT}/pool/vms/remove?flag_yes_i_really_mean_it&force`],
    { OP_ID: 'OP_POOL_REMOVE', pool: 'vms', force: true, yes_i_really_mean_it: true },
    'Removed RBD pool "vms" and all volumes.',
  ],
  [
    ['POST', `${REST}/volume`, form({ ...v, size: '20G' })],
    { OP_ID: 'OP_VOLUME_ADD', ...v, size: 20 * GIB },
    'Created RBD volume "vms/a" (20G).',
  ],
  [
    ['POST', `${REST}/volume`, json({ ...v, size: GIB })],
    { OP_ID: 'OP_VOLUME_ADD', ...v, size: GIB },
    'Created RBD volume "vms/a" (1073741824).',
  ],
  [['POST', `${FLAT}/volume/vms/a/add?size=512M`], { OP_ID: 'OP_VOLUME_ADD', ...v, size: GIB / 2 }, 'Created RBD volume "vms/a" (512M).'],
  [
    ['PUT', `${REST}/volume/vms/a?size=30G`],
    { OP_ID: 'OP_VOLUME_RESIZE', ...v, size: 30 * GIB, shrink: false },
    'Resized RBD volume "a" to size "30G" on pool "vms".',
  ],
  [
    ['PUT', `${REST}/volume/vms/a?size=1G&shrink`],
    { OP_ID: 'OP_VOLUME_RESIZE', ...v, size: GIB, shrink: true },
    'Resized RBD volume "a" to size "1G" on pool "vms".',
  ],
  [
    ['PUT', `${REST}/volume/vms/a`, form({ name: 'b' })],
    { OP_ID: 'OP_VOLUME_RENAME', ...v, new_name: 'b' },
    'Renamed RBD volume "a" to "b" on pool "vms".',
  ],
  [
    ['POST', `${REST}/volume/vms/a/clone?new_volume=b`],
    { OP_ID: 'OP_VOLUME_CLONE', ...v, new_name: 'b', new_pool: 'vms' },
    'Cloned RBD volume "a" to "b" on pool "vms".',
  ],
  [
    ['POST', `${REST}/volume/vms/a/clone?new_volume=a&new_pool=ssd&snapshot=daily`],
    { OP_ID: 'OP_VOLUME_CLONE', ...s, new_name: 'a', new_pool: 'ssd' },
    'Cloned RBD volume "a" to "a" on pool "ssd".',
  ],
  [['DELETE', `${REST}/volume/vms/a`], { OP_ID: 'OP_VOLUME_REMOVE', ...v }, 'Removed RBD volume "a" in pool "vms".'],
  [['POST', `${FLAT}/volume/vms/a/remove`], { OP_ID: 'OP_VOLUME_REMOVE', ...v }, 'Removed RBD volume "a" in pool "vms".'],
  [
    ['POST', `${REST}/volume/snapshot`, form(s)],
    { OP_ID: 'OP_SNAPSHOT_ADD', ...s },
    'Created new RBD snapshot "daily" of volume "a" on pool "vms".',
  ],
  [
    ['POST', `${FLAT}/volume/snapshot/vms/a/daily/add`],
    { OP_ID: 'OP_SNAPSHOT_ADD', ...s },
    'Created new RBD snapshot "daily" of volume "a" on pool "vms".',
  ],
  [
    ['PUT', `${REST}/volume/snapshot/vms/a/daily?new_name=2026-11-21T08:00`],
    { OP_ID: 'OP_SNAPSHOT_RENAME', ...s, new_name: '2026-11-21T08:00' },
    'Renamed RBD snapshot "daily" to "2026-11-21T08:00" for volume "a" in pool "vms".',
  ],
  [
    ['POST', `${REST}/volume/snapshot/vms/a/daily/rollback`],
    { OP_ID: 'OP_SNAPSHOT_ROLLBACK', ...s },
    'Rolled back RBD volume "a" in pool "vms" to snapshot "daily".',
  ],
  [
    ['DELETE', `${REST}/volume/snapshot/vms/a/daily`],
    { OP_ID: 'OP_SNAPSHOT_REMOVE', ...s },
    'Removed RBD snapshot "daily" of volume "a" in pool "vms".',
  ],
  [
    ['POST', `${FLAT}/volume/snapshot/vms/a/daily/remove`],
    { OP_ID: 'OP_SNAPSHOT_REMOVE', ...s },
    'Removed RBD snapshot "daily" of volume "a" in pool "vms".',
  ],
  [['POST', `${REST}/verify`], { OP_ID: 'OP_STORAGE_VERIFY', adopt: false, drop: false }, 'Comparing the cluster with Ceph.'],
  [
    ['POST', `${REST}/verify?adopt&drop=volume/vms/a,snapshot/vms/a@daily`],
    { OP_ID: 'OP_STORAGE_VERIFY', adopt: true, drop: ['volume/vms/a', 'snapshot/vms/a@daily'] },
    'Comparing the cluster with Ceph.',
  ],
])('%j becomes %j', async (call, op, message) => {
  const { status, body } = await api.call(...call);
  expect([status, body]).toEqual([202, { job: expect.any(Number), message }]);
  expect(api.jobs.submissions.map(({ ops }) => ops)).toEqual([[op]]);
});

it('passes on what every submission takes, and nothing of it to the opcode', async () => {
  const { body } = await api.call('POST', `${REST}/pool?pool=vms&dry_run&priority=10&reason=new`);
  expect(body.message).toBe('Dry run: Created RBD pool "vms" with 128 PGs');
  expect(api.jobs.submissions).toMatchObject([{ ops: [{ ...POOL, pgs: 128 }], dryRun: true, priority: 10, reason: 'new' }]);
});

it('finds jobs by what they are about', async () => {
  const { body } = await api.call('POST', `${REST}/osd/3/state?state=in`);
  expect((await api.jobs.read(body.job))?.summary).toEqual(['OSD_IN(3)']);
  await api.call('POST', `${REST}/volume/snapshot`, form(s));
  for (const resource of ['pool/vms', 'volume/a', 'snapshot/daily']) {
    expect((await api.jobs.list({ resource, limit: 10 })).jobs.at(0)?.summary).toEqual(['SNAPSHOT_ADD(daily)']);
  }
  expect((await api.jobs.list({ resource: 'osd/3', limit: 1 })).jobs).toMatchObject([{ id: body.job }]);
});

const LONG = 'x'.repeat(97);

describe('refuses', () => {
  it.each<[Call, string, RegExp]>([
    [['POST', `${REST}/cluster-option?action=set&option=nosuch`], '/option', /must be one of full, pause, .*, not "nosuch"/],
    [['POST', `${REST}/cluster-option?action=toggle&option=noout`], '/action', /must be one of set, unset/],
    [['POST', `${REST}/cluster-option?action=unset&option=pglog_hardlimit`], '/option', /must be one of/],
    [['POST', `${REST}/cluster-option?action=set`], '/option', /is missing/],
    [['POST', `${FLAT}/osd/set`], '/option', /is missing/],
    [['POST', `${FLAT}/osd/unset?option=pglog_hardlimit`], '/option', /must be one of/],
    [['POST', `${REST}/osd?device=/dev/sdb`], '/node', /is missing/],
    [['POST', `${REST}/osd?node=hv1`], '/device', /is missing/],
    [['POST', `${REST}/osd?node=hv1&device=sdb`], '/device', /not well-formed/],
    [['POST', `${REST}/osd?node=hv1&device=/dev/../etc/passwd`], '/device', /not well-formed/],
    [['POST', `${REST}/osd?node=hv1&device=/dev/sd%20b`], '/device', /not well-formed/],
    [['POST', `${REST}/osd?node=hv1&device=/dev/-sdb%0a`], '/device', /not well-formed/],
    [['POST', `${REST}/osd?node=hv1&device=/dev/sdb&weight=heavy`], '/weight', /must be a number/],
    [['POST', `${REST}/osd?node=hv1&device=/dev/sdb&weight=-1`], '/weight', />= 0/],
    [['DELETE', `${REST}/osd/3`], '/yes_i_really_mean_it', WARNING],
    [['DELETE', `${REST}/osd/3?yes_i_really_mean_it=false`], '/yes_i_really_mean_it', WARNING],
    [['DELETE', `${REST}/osd/3?yes_i_really_mean_it=perhaps`], '/yes_i_really_mean_it', /must be true or false/],
    [['DELETE', `${REST}/osd/0.5?yes_i_really_mean_it`], '/osd', /whole number/],
    [['POST', `${REST}/osd/1e0/state?state=in`], '/osd', /whole number/],
    [['POST', `${FLAT}/osd/3/remove`], '/yes_i_really_mean_it', WARNING],
    [['POST', `${REST}/osd/3/state?state=up`], '/state', /must be one of in, out/],
    [['POST', `${FLAT}/osd/x/in`], '/osd', /must be a number/],
    [['POST', `${REST}/pool?pgs=8`], '/pool', /is missing/],
    [['POST', `${REST}/pool?pool=vms&pgs=0`], '/pgs', />= 1/],
    [['POST', `${REST}/pool?pool=vms&pgs=many`], '/pgs', /must be a number/],
    [['POST', `${REST}/pool?pool=vms&copies=11`], '/copies', /<= 10/],
    [['POST', `${REST}/pool?pool=vms&copies=2&mincopies=3`], '/mincopies', /at most copies, 2/],
    [['POST', `${REST}/pool?pool=vms&copies=1&mincopies=2`], '/mincopies', /at most copies, 1/],
    [['POST', `${REST}/pool?pool=.rgw`], '/pool', /not well-formed/],
    [['POST', `${REST}/pool?pool=--help`], '/pool', /not well-formed/],
    [['POST', `${REST}/pool?pool=a,b`], '/pool', /not well-formed/],
    [['POST', `${REST}/pool?pool=${LONG}`], '/pool', /96 characters/],
    [['DELETE', `${REST}/pool/vms`], '/yes_i_really_mean_it', WARNING],
    [['POST', `${FLAT}/pool/vms/remove?flag_yes_i_really_mean_it=no`], '/yes_i_really_mean_it', WARNING],
    [['POST', `${REST}/volume?pool=vms&volume=a`], '/size', /is missing/],
    [['POST', `${REST}/volume?pool=vms&size=1G`], '/volume', /is missing/],
    [['POST', `${REST}/volume?volume=a&size=1G`], '/pool', /is missing/],
    [['POST', `${REST}/volume?pool=vms&volume=a&size=0`], '/size', /more than 0/],
    [['POST', `${REST}/volume?pool=vms&volume=a&size=-1G`], '/size', /more than 0/],
    [['POST', `${REST}/volume?pool=vms&volume=a&size=1.5`], '/size', /whole number/],
    [['POST', `${REST}/volume?pool=vms&volume=a&size=10EB`], '/size', /whole number/],
    [['POST', `${REST}/volume?pool=vms&volume=a&size=8P`], '/size', /2\^53/],
    [['POST', `${REST}/volume`, json({ ...v, size: 1.5 })], '/size', /whole number/],
    [['POST', `${REST}/volume`, json({ ...v, size: true })], '/size', /wrong type/],
    [['POST', `${REST}/volume?pool=vms&volume=a%2Fb&size=1G`], '/volume', /not well-formed/],
    [['POST', `${REST}/volume?pool=vms&volume=a%40b&size=1G`], '/volume', /not well-formed/],
    [['POST', `${REST}/volume?pool=vms&volume=-p&size=1G`], '/volume', /not well-formed/],
    [['POST', `${FLAT}/volume/vms/a/add`], '/size', /is missing/],
    [['PUT', `${REST}/volume/vms/a`], '', /At least one modification must be specified/],
    [['PUT', `${REST}/volume/vms/a?name=b&size=1G`], '', /Can only perform one modification at once/],
    [['PUT', `${REST}/volume/vms/a?name=b&shrink`], '/shrink', /only for a new size/],
    [['PUT', `${REST}/volume/vms/a?name=a`], '/name', /is the name that it has/],
    [['PUT', `${REST}/volume/vms/a?size=nothing`], '/size', /whole number/],
    [['POST', `${REST}/volume/vms/a/clone`], '/new_volume', /is missing/],
    [['POST', `${REST}/volume/vms/a/clone?new_volume=a`], '/new_volume', /name of the source/],
    [['DELETE', `${REST}/volume/vms/a%2Fb`], '/volume', /not well-formed/],
    [['POST', `${REST}/volume/snapshot?pool=vms&volume=a`], '/snapshot', /is missing/],
    [['POST', `${REST}/volume/snapshot?pool=vms&volume=a&snapshot=a%40b`], '/snapshot', /not well-formed/],
    [['PUT', `${REST}/volume/snapshot/vms/a/daily`], '/new_name', /is missing/],
    [['PUT', `${REST}/volume/snapshot/vms/a/daily?new_name=daily`], '/new_name', /is the name that it has/],
    [['POST', `${REST}/verify?adopt=vms/a`], '/adopt', /wrong type/],
    [['POST', '/api/v1/vm/web1?memory=512&disks=[]'], '/vcpus', /is missing/],
    [['POST', '/api/v1/vm/web1?vcpus=1&memory=1G&disks=[]'], '/memory', /must be a number/],
    [['POST', '/api/v1/vm/11111111-1111-4111-8111-111111111111?vcpus=1&memory=512&disks=[]'], '/name', /looks like a UUID/],
    [['POST', '/api/v1/vm/web1', json({ vcpus: 1, memory: 512, disks: [{ pool: 'vms' }] })], '/disks/0', /must have size or clone_of/],
    [['POST', '/api/v1/vm/web1', json({ vcpus: 1, memory: 512, disks: [{ pool: 'vms', size: '0G' }] })], '/disks/0/size', /more than 0/],
    [
      [
        'POST',
        '/api/v1/vm/web1',
        json({
          vcpus: 1,
          memory: 512,
          disks: [
            { ...v, size: 1 },
            { ...v, size: 1 },
          ],
        }),
      ],
      '/disks/1/volume',
      /volume of another disk, vms\/a/,
    ],
    [['POST', '/api/v1/vm/web1', json({ vcpus: 1, memory: 512, disks: [{ ...v, clone_of: v }] })], '/disks/0/volume', /source of the copy/],
    [
      ['POST', '/api/v1/vm/web1', json({ vcpus: 1, memory: 512, disks: [], nics: [{ bridge: 'b', mac: '01:00:00:00:00:01' }] })],
      '/nics/0/mac',
      /not well-formed/,
    ],
    [
      [
        'POST',
        '/api/v1/vm/web1',
        json({ vcpus: 1, memory: 512, disks: [], nics: ['52:aa:00:00:00:01', '52:AA:00:00:00:01'].map((mac) => ({ bridge: 'b', mac })) }),
      ],
      '/nics/1/mac',
      /address of another card/,
    ],
  ])('%j at %s', async (call, pointer, message) => {
    const { status, body } = await api.call(...call);
    expect([status, body.code]).toEqual([400, 'wrong_input']);
    expect(body.errors.map((fault: { pointer: string }) => fault.pointer)).toContain(pointer);
    const fault = body.errors.find((found: { pointer: string }) => found.pointer === pointer);
    expect([fault.message, body.message]).toContainEqual(expect.stringMatching(message));
    expect(api.jobs.submissions).toEqual([]);
  });
});

describe('a VM from a few numbers', () => {
  const create = (values: object) => api.call('POST', '/api/v1/vm/web1', json({ vcpus: 2, memory: 2048, disks: [], ...values }));

  it('is settled in all that a second run could make otherwise', async () => {
    const source = { pool: 'images', volume: 'debian', snapshot: 'v12' };
    const { status, body } = await create({
      disks: [
        { pool: 'vms', clone_of: source, size: '20G' },
        { pool: 'vms', size: '1T' },
        { ...v, size: 512 },
      ],
      nics: [{ bridge: 'vmbr100' }, { bridge: 'vmbr200', mac: '52:AA:00:00:00:01', model: 'e1000' }],
      node: 'hv1',
      description: 'a web server',
    });
    const [op] = api.jobs.submissions.at(0)?.ops ?? [];
    expect(op).toEqual({
      OP_ID: 'OP_VM_CREATE',
      name: 'web1',
      uuid: expect.stringMatching(UUID),
      vcpus: 2,
      memory: 2048,
      disks: [
        { pool: 'vms', volume: 'web1_sda', size: 20 * GIB, clone_of: source },
        { pool: 'vms', volume: 'web1_sdb', size: 1024 * GIB },
        { ...v, size: 512 },
      ],
      nics: [
        { bridge: 'vmbr100', mac: expect.stringMatching(/^52(:[0-9a-f]{2}){5}$/), model: 'virtio' },
        { bridge: 'vmbr200', mac: '52:aa:00:00:00:01', model: 'e1000' },
      ],
      node: 'hv1',
      description: 'a web server',
    });
    expect([status, body.message]).toEqual([202, `Created new VM with Name "web1" and UUID "${String(op?.['uuid'])}".`]);
  });

  it('gets another UUID and other addresses each time', async () => {
    await create({ nics: [{ bridge: 'b' }, { bridge: 'b' }] });
    await create({ nics: [{ bridge: 'b' }] });
    const ops = api.jobs.submissions.flatMap((submission) => submission.ops);
    expect(new Set(ops.map(({ uuid }) => uuid)).size).toBe(2);
    const macs = ops.flatMap(({ nics }) => (nics as { mac: string }[]).map(({ mac }) => mac));
    expect(new Set(macs).size).toBe(3);
  });
});
