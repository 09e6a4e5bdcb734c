// What the opcodes that work on nodes and on Ceph at once refuse, and what they say of what they leave.
import { expect, it } from 'vitest';
import type { Opcode } from '../../schemas/job.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { plainDomainXml } from '../drivers/plain-domain-xml.js';
import { addAgent } from '../harness/agent.js';
import { startCluster, type TestCluster } from '../harness/cluster.js';
import { putOsd } from '../harness/osds.js';
import { redisForFile } from '../harness/redis-for-file.js';
import { GIB, putPool, putVolume } from '../harness/storage.js';
import { patience } from '../lab/patience.js';

const redis = redisForFile();
const TIB = 1024 ** 4;

async function stage(nodes = ['hv1', 'hv2', 'hv3']): Promise<TestCluster> {
  const cluster = await startCluster({ redisUrl: redis().url, nodes });
  await cluster.addWorker();
  return cluster;
}

const refused = (text: string, errorClass: string) => ['OpPrereqError', [expect.stringContaining(text), errorClass]];
const remove = (osd: number, force = false): Opcode => ({ OP_ID: 'OP_OSD_REMOVE', osd, yes_i_really_mean_it: true, force });

it('makes an OSD of an empty device of a living node only', async () => {
  const { ceph, storage, run } = await stage();
  const add = async (device: string, node = 'hv1') => (await run({ OP_ID: 'OP_OSD_ADD', node, device })).opresult[0];
  expect(await add('/dev/sdc', 'hv9')).toEqual(refused('"hv9"', 'unknown_entity'));
  expect(await add('/dev/sdz')).toEqual(refused('/dev/sdz', 'unknown_entity'));
  expect(await add('/dev/null')).toEqual(refused('/dev/null', 'wrong_input'));
  expect(await add('/dev/sdb')).toEqual(refused('is OSD 0 already', 'wrong_state'));
  const put = (path: string, more: object) => ceph.putDevice({ node: 'hv1', path, sizeBytes: TIB, ...more });
  await put('/dev/sdp', { mountPoints: ['/srv'] });
  await put('/dev/sdq', { children: ['/dev/sdq1'] });
  await put('/dev/sdr', { signatures: ['ext4'] });
  expect(await add('/dev/sdp')).toEqual(refused('mounted', 'wrong_state'));
  expect(await add('/dev/sdq')).toEqual(refused('/dev/sdq1', 'wrong_state'));
  expect(await add('/dev/sdr')).toEqual(refused('ext4', 'wrong_state'));
  await storage.osds.create({ id: 77, node: 'hv1', device: '/dev/sdd', fsid: 'f', added_by: 0 });
  expect(await add('/dev/sdd')).toEqual(refused('used by OSD 77', 'wrong_state'));
});

it('says of an OSD that only one of the two knows where it is', async () => {
  const { storage, run } = await stage();
  const out = async (osd: number) => (await run({ OP_ID: 'OP_OSD_OUT', osd })).opresult[0];
  expect(await out(99)).toEqual(refused('OSD 99 does not exist', 'unknown_entity'));
  expect(await out(0)).toEqual(refused('OP_STORAGE_VERIFY', 'unknown_entity'));
  await storage.osds.create({ id: 77, node: 'hv1', device: '/dev/sdd', fsid: 'f', added_by: 0 });
  expect(await out(77)).toEqual(refused('OP_STORAGE_VERIFY', 'unknown_entity'));
  await storage.osds.create({ id: 1, node: 'hv1', device: '/dev/sdd', fsid: 'another', added_by: 0 });
  expect(await out(1)).toEqual(refused('another one', 'wrong_state'));
});

it('removes an OSD of a dead node by force only, and tells what is left there', async () => {
  const cluster = await startCluster({ redisUrl: redis().url, nodes: ['hv1'] });
  await cluster.addWorker();
  const osd = await putOsd(cluster, 'hv1');
  // The report of the node goes with the session that made it.
  await cluster.store.commit([{ kind: 'remove', path: '/node-reports/hv1', version: 0 }]);
  expect((await cluster.run(remove(osd))).opresult).toEqual([refused('not running', 'wrong_state')]);
  expect((await cluster.run(remove(osd, true))).opresult).toEqual([refused('is up', 'wrong_state')]);
  await cluster.ceph.crashOsd(osd);
  const record = await cluster.run(remove(osd, true));
  const left = `the data of OSD ${osd} is left on /dev/sdb of node "hv1": its agent does not report`;
  expect([record.status, record.opresult]).toEqual(['success', [{ osd, node: 'hv1', device: '/dev/sdb', left }]]);
  expect(record.oplog[0]?.map(([, , , text]) => text)).toContain(left);
  expect(await cluster.storage.osds.find(String(osd))).toBeUndefined();
});

it('tells how much data is still to move, and goes on when Ceph was away', async () => {
  const cluster = await stage();
  await cluster.ceph.open().createPool({ name: 'load', pgs: 32, copies: 3, minCopies: 2 });
  const osd = await putOsd(cluster, 'hv1');
  cluster.ceph.failNext('osdDrain', new ClassifiedError('environment_error', 'Ceph did not answer'));
  const job = await cluster.submit(remove(osd));
  const progress = async () => (await cluster.desk.read(job))?.progress[0];
  await expect.poll(async () => (await progress())?.figures?.['pgs_remaining']).toBeGreaterThan(0);
  expect(await cluster.desk.cancel(job, patience(20_000))).toEqual([true, expect.any(String)]);
  expect((await cluster.ceph.open().osds()).find(({ id }) => id === osd)).toMatchObject({ in: true, up: true });
});

it('creates no VM whose disks cannot be', async () => {
  const cluster = await stage();
  await putPool(cluster, 'vms');
  await putVolume(cluster, 'vms', 'base', 2 * GIB);
  const create = async (disk: object) =>
    (await cluster.run({ OP_ID: 'OP_VM_CREATE', name: 'web1', vcpus: 1, memory: 64, disks: [disk] })).opresult[0];
  const base = { pool: 'vms', volume: 'base' };
  expect(await create({ pool: 'none', size: '1G' })).toEqual(refused('pool "none"', 'unknown_entity'));
  expect(await create({ ...base, size: '1G' })).toEqual(refused('vms/base', 'already_exists'));
  expect(await create({ pool: 'vms', size: '900T' })).toEqual(refused('bytes free', 'insufficient_resources'));
  expect(await create({ pool: 'vms', clone_of: { ...base, volume: 'gone' } })).toEqual(refused('vms/gone', 'unknown_entity'));
  expect(await create({ pool: 'vms', clone_of: { ...base, snapshot: 's' } })).toEqual(refused('base@s', 'unknown_entity'));
  expect(await create({ pool: 'vms', clone_of: base, size: '1G' })).toEqual(refused('less than', 'wrong_input'));
  expect(await create({ pool: 'vms', size: '1G' })).toMatchObject({ name: 'web1', volumes: [{ volume: 'web1_sda' }] });
  expect(await create({ pool: 'vms', size: '1G' })).toEqual(refused('VM "web1"', 'already_exists'));
});

it('tells a running guest that its disk has grown, and removes disks of stopped VMs that nobody shares', async () => {
  const cluster = await stage();
  await putPool(cluster, 'vms');
  const disks = [{ pool: 'vms', volume: 'a', size: '1G' }];
  await cluster.run({ OP_ID: 'OP_VM_CREATE', name: 'web1', vcpus: 1, memory: 64, disks, node: 'hv1' });
  await cluster.run({ OP_ID: 'OP_VM_START', vm: 'web1' });
  expect((await cluster.run({ OP_ID: 'OP_VOLUME_RESIZE', pool: 'vms', volume: 'a', size: '2G' })).status).toBe('success');
  const running = () => cluster.world.snapshot()['hv1']?.[0]?.running;
  expect(running()?.toldBytes).toEqual({ vda: 2 * GIB });
  const undefine = async (vm: string) => (await cluster.run({ OP_ID: 'OP_VM_UNDEFINE', vm, delete_disks: true })).opresult[0];
  expect(await undefine('web1')).toEqual(refused('must be stopped', 'wrong_state'));
  await cluster.run({ OP_ID: 'OP_VM_STOP', vm: 'web1' });
  const { xml, ...document } = await cluster.vms.get('web1');
  const other = '00000000-0000-4000-8000-0000000000ff';
  await cluster.vms.create({ ...document, name: 'web2', uuid: other, xml: xml.replace('web1', 'web2').replace(document.uuid, other) });
  expect(await undefine('web1')).toEqual(refused('VM "web2"', 'wrong_state'));
  await cluster.vms.remove(other);
  const close = await cluster.ceph.watch({ pool: 'vms', volume: 'a' });
  expect(await undefine('web1')).toEqual(refused('in use by', 'wrong_state'));
  await close();
  expect(await undefine('web1')).toEqual({ uuid: document.uuid, name: 'web1', volumes: [{ pool: 'vms', volume: 'a' }], kept: [] });
  expect(await cluster.ceph.open().volumes('vms')).toEqual([]);
});

it("keeps the guests' key to Ceph in the hypervisor, also after that was away", async () => {
  const cluster = await startCluster({ redisUrl: redis().url, nodes: ['hv1'] });
  const lines: string[] = [];
  const guestSecret = { uuid: '00000000-0000-4000-8000-000000000001', name: 'a key', key: 'c2VjcmV0' };
  await addAgent(cluster, 'hv1', 50, { guestSecret, onLog: (line) => lines.push(JSON.stringify(line)) });
  const hypervisor = cluster.world.node('hv1');
  expect(hypervisor.secrets()).toEqual([guestSecret]);
  const isTold = () => lines.filter((line) => line.includes('key to Ceph')).length;
  hypervisor.unreachable(true);
  await expect.poll(() => lines.some((line) => line.includes('could not look'))).toBe(true);
  hypervisor.unreachable(false);
  await expect.poll(isTold).toBe(2);
  expect(lines.join('\n')).not.toContain(guestSecret.key);
});

it('removes with a VM only what is its own, and says what stays and why', async () => {
  const cluster = await stage();
  await putPool(cluster, 'vms');
  for (const volume of ['own', 'iso', 'shared', 'readonly', 'golden', 'top', 'bottom']) {
    await putVolume(cluster, 'vms', volume, GIB, volume === 'golden' ? ['v1', 'v2'] : []);
  }
  const uuid = '00000000-0000-4000-8000-0000000000fe';
  const disk = (type: string, source: string, more = '', device = 'disk', index = 0) =>
    `<disk type='${type}' device='${device}'><source ${source}/>${more}<target dev='vd${'abcdefghij'[index]}' bus='virtio'/></disk>`;
  const rbd = (name: string, more = '', device = 'disk', index = 0) =>
    disk('network', `protocol='rbd' name='${name}'`, more, device, index);
  const below = `<backingStore type='network'><format type='raw'/><source protocol='rbd' name='vms/bottom'/></backingStore>`;
  const devices = [
    rbd('vms/own'),
    rbd('vms/iso', '', 'cdrom', 1),
    rbd('vms/shared', '<shareable/>', 'disk', 2),
    rbd('vms/readonly', '<readonly/>', 'disk', 3),
    rbd('vms/golden@v1', '', 'disk', 4),
    rbd('vms/top', below, 'disk', 5),
    rbd('vms/team/data', '', 'disk', 6),
    rbd('elsewhere/data', '', 'disk', 7),
    disk('file', `file='/iso/debian.iso'`, '', 'disk', 8),
  ].join('');
  const xml = plainDomainXml('kvm', { name: 'web1', uuid, acpi: true, vcpus: 1 }, { memoryMib: 64, devices });
  const outcome = async (op: Opcode) => (await cluster.run(op)).opresult[0];
  expect(await outcome({ OP_ID: 'OP_VM_DEFINE', xml, node: 'hv1' })).toMatchObject({ uuid });

  const snapshot = { pool: 'vms', volume: 'golden', snapshot: 'v1' };
  for (const op of [
    { OP_ID: 'OP_SNAPSHOT_REMOVE', ...snapshot },
    { OP_ID: 'OP_SNAPSHOT_RENAME', ...snapshot, new_name: 'v9' },
    { OP_ID: 'OP_VOLUME_REMOVE', pool: 'vms', volume: 'bottom' },
  ]) {
    expect([op.OP_ID, await outcome(op)]).toEqual([op.OP_ID, refused('VM "web1"', 'wrong_state')]);
  }
  expect(await outcome({ OP_ID: 'OP_SNAPSHOT_REMOVE', ...snapshot, snapshot: 'v2' })).toMatchObject({ snapshot: 'v2' });

  expect(await outcome({ OP_ID: 'OP_VM_UNDEFINE', vm: 'web1', delete_disks: true })).toEqual({
    uuid,
    name: 'web1',
    volumes: [
      { pool: 'vms', volume: 'own' },
      { pool: 'vms', volume: 'top' },
    ],
    kept: [
      { name: 'vms/iso', dev: 'vdb', why: 'it is in a drive of type cdrom' },
      { name: 'vms/shared', dev: 'vdc', why: 'it is shareable' },
      { name: 'vms/readonly', dev: 'vdd', why: 'the guest can only read it' },
      { name: 'vms/golden@v1', dev: 'vde', why: 'it is a snapshot' },
      { name: 'vms/bottom', dev: 'vdf', why: 'a disk is laid over it' },
      { name: 'vms/team/data', dev: 'vdg', why: 'it is in an RBD namespace' },
      { name: 'elsewhere/data', dev: 'vdh', why: 'pool "elsewhere" is not known to the cluster' },
      { name: '/iso/debian.iso', dev: 'vdi', why: 'it is no RBD volume' },
    ],
  });
  const left = (await cluster.ceph.open().volumes('vms')).map(({ volume }) => volume);
  expect(left).toEqual(['bottom', 'golden', 'iso', 'readonly', 'shared']);
  expect(await outcome({ OP_ID: 'OP_VOLUME_REMOVE', pool: 'vms', volume: 'bottom' })).toMatchObject({ volume: 'bottom' });
});
