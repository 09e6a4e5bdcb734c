// What the storage's opcodes refuse, and in which words.
import { expect, it } from 'vitest';
import type { JobRecord } from '../../schemas/job.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { volumeSpec } from '../../src/cluster/storage-documents.js';
import { rbdDisk } from '../cluster/sample-vm.js';
import { startCluster } from '../harness/cluster.js';
import { addGuest, newGuest, type GuestWish } from '../harness/guests.js';
import { redisForFile } from '../harness/redis-for-file.js';
import { GIB, putPool, putVolume } from '../harness/storage.js';

const redis = redisForFile();
const REALLY = { yes_i_really_mean_it: true };

/** With a pool `vms`, and in it a volume `v1` of 2 GiB with a snapshot `s1`. */
async function cluster() {
  const started = await startCluster({ redisUrl: redis().url });
  await started.addWorker();
  await putPool(started, 'vms');
  await putVolume(started, 'vms', 'v1', 2 * GIB, ['s1']);
  const { run, vms } = started;
  return {
    ...started,
    outcome: async (id: string, parameters: Record<string, unknown>) => outcomeOf(await run({ OP_ID: id, ...parameters })),
    /** A VM with that volume as its disk. */
    async vmOn(volume: string, wish: GuestWish = {}) {
      const guest = newGuest('web1');
      await addGuest(started, guest, wish);
      await vms.update(guest.uuid, (document) => ({ ...document, disks: [rbdDisk(volumeSpec('vms', volume))] }));
      return guest;
    },
  };
}

const outcomeOf = ({ status, opresult }: JobRecord) => (status === 'error' ? (opresult[0] as unknown[]) : status);
const refused = (errorClass: string, text: RegExp) => ['OpPrereqError', [expect.stringMatching(text), errorClass]];

const V1 = { pool: 'vms', volume: 'v1' };
const S1 = { ...V1, snapshot: 's1' };

it('what does not exist', async () => {
  const { outcome, snapshot } = await cluster();
  const before = await snapshot();
  const tries: [string, Record<string, unknown>, RegExp][] = [
    ['OP_POOL_REMOVE', { pool: 'none', ...REALLY }, /^pool "none" does not exist$/],
    ['OP_VOLUME_ADD', { pool: 'none', volume: 'v', size: '1G' }, /^pool "none" does not exist$/],
    ['OP_VOLUME_RESIZE', { pool: 'none', volume: 'v', size: '1G' }, /^pool "none" does not exist$/],
    ['OP_VOLUME_RESIZE', { pool: 'vms', volume: 'v', size: '1G' }, /^volume "vms\/v" does not exist$/],
    ['OP_VOLUME_RENAME', { pool: 'vms', volume: 'v', new_name: 'w' }, /^volume "vms\/v" does not exist$/],
    ['OP_VOLUME_CLONE', { pool: 'vms', volume: 'v', new_name: 'w' }, /^volume "vms\/v" does not exist$/],
    ['OP_VOLUME_CLONE', { ...V1, snapshot: 's', new_name: 'w' }, /^snapshot "vms\/v1@s" does not exist$/],
    ['OP_VOLUME_CLONE', { ...V1, new_name: 'w', new_pool: 'none' }, /^pool "none" does not exist$/],
    ['OP_VOLUME_REMOVE', { pool: 'vms', volume: 'v' }, /^volume "vms\/v" does not exist$/],
    ['OP_SNAPSHOT_ADD', { pool: 'vms', volume: 'v', snapshot: 's' }, /^volume "vms\/v" does not exist$/],
    ['OP_SNAPSHOT_RENAME', { ...V1, snapshot: 's', new_name: 't' }, /^snapshot "vms\/v1@s" does not exist$/],
    ['OP_SNAPSHOT_REMOVE', { ...V1, snapshot: 's' }, /^snapshot "vms\/v1@s" does not exist$/],
    ['OP_SNAPSHOT_ROLLBACK', { ...V1, snapshot: 's' }, /^snapshot "vms\/v1@s" does not exist$/],
    ['OP_STORAGE_VERIFY', { adopt: ['volume/vms/v1'] }, /nothing to adopt about "volume\/vms\/v1"/],
    ['OP_STORAGE_VERIFY', { drop: ['pool/vms'] }, /nothing to drop about "pool\/vms"/],
  ];
  for (const [id, parameters, text] of tries) expect.soft(await outcome(id, parameters), id).toEqual(refused('unknown_entity', text));
  expect(await snapshot()).toEqual(before);
});

it('what exists already', async () => {
  const { outcome, snapshot, ...rest } = await cluster();
  await putVolume(rest, 'vms', 'v2', GIB, []);
  const before = await snapshot();
  const tries: [string, Record<string, unknown>, RegExp][] = [
    ['OP_POOL_ADD', { pool: 'vms', copies: 2 }, /^pool "vms" exists already$/],
    ['OP_VOLUME_ADD', { ...V1, size: '1G' }, /^volume "vms\/v1" exists already$/],
    ['OP_VOLUME_RENAME', { ...V1, new_name: 'v2' }, /^volume "vms\/v2" exists already$/],
    ['OP_VOLUME_CLONE', { ...V1, new_name: 'v2' }, /^volume "vms\/v2" exists already$/],
    ['OP_SNAPSHOT_ADD', S1, /^snapshot "vms\/v1@s1" exists already$/],
  ];
  for (const [id, parameters, text] of tries) expect.soft(await outcome(id, parameters), id).toEqual(refused('already_exists', text));
  expect(await snapshot()).toEqual(before);
});

it('what only one of the two knows, and who settles that', async () => {
  const { outcome, ceph, storage } = await cluster();
  const open = ceph.open();
  await open.createVolume({ pool: 'vms', volume: 'alien' }, GIB);
  await open.createPool({ name: 'aliens', pgs: 8, copies: 2, minCopies: 1 });
  await storage.pools.create({ name: 'lost', pgs: 8, copies: 2, mincopies: 1, added_by: 1 });
  await open.createSnapshot({ ...V1, snapshot: 'alien' });
  const alien = /is in Ceph.*not known to the cluster; OP_STORAGE_VERIFY/;
  const lost = /is known to the cluster.*not in Ceph; OP_STORAGE_VERIFY/;
  const tries: [string, Record<string, unknown>, string, RegExp][] = [
    ['OP_POOL_ADD', { pool: 'aliens' }, 'already_exists', alien],
    ['OP_POOL_ADD', { pool: 'lost' }, 'already_exists', lost],
    ['OP_POOL_REMOVE', { pool: 'aliens', ...REALLY }, 'unknown_entity', alien],
    ['OP_POOL_REMOVE', { pool: 'lost', ...REALLY }, 'unknown_entity', lost],
    ['OP_VOLUME_ADD', { pool: 'aliens', volume: 'v', size: '1G' }, 'unknown_entity', alien],
    ['OP_VOLUME_ADD', { pool: 'vms', volume: 'alien', size: '1G' }, 'already_exists', alien],
    ['OP_VOLUME_REMOVE', { pool: 'vms', volume: 'alien' }, 'unknown_entity', alien],
    ['OP_SNAPSHOT_ADD', { ...V1, snapshot: 'alien' }, 'already_exists', alien],
    ['OP_SNAPSHOT_REMOVE', { ...V1, snapshot: 'alien' }, 'unknown_entity', alien],
  ];
  for (const [id, parameters, errorClass, text] of tries) {
    expect.soft(await outcome(id, parameters), id).toEqual(refused(errorClass, text));
  }
  await open.removeSnapshot({ ...V1, snapshot: 'alien' });
  await open.removeSnapshot(S1);
  await open.removeVolume(V1);
  expect(await outcome('OP_VOLUME_REMOVE', V1)).toEqual(refused('unknown_entity', lost));
  await open.createVolume(V1, 2 * GIB);
  expect(await outcome('OP_VOLUME_REMOVE', V1)).toEqual(refused('wrong_state', /another one in Ceph than the cluster knows/));
});

it('what would not fit', async () => {
  const { outcome, ceph, snapshot } = await cluster();
  const before = await snapshot();
  const free = (await ceph.open().pools())[0]?.freeBytes ?? 0;
  const tooMuch = refused('insufficient_resources', new RegExp(`^pool "vms" has ${free} bytes free, and \\d+ are needed$`));
  expect(await outcome('OP_VOLUME_ADD', { pool: 'vms', volume: 'big', size: free + 1 })).toEqual(tooMuch);
  expect(await outcome('OP_VOLUME_RESIZE', { ...V1, size: free + 2 * GIB + 1 })).toEqual(tooMuch);
  expect(await snapshot()).toEqual(before);
  expect(await outcome('OP_VOLUME_ADD', { pool: 'vms', volume: 'big', size: free })).toBe('success');
  expect(await outcome('OP_VOLUME_RESIZE', { pool: 'vms', volume: 'big', size: free * 2 })).toBe('success');
  expect(await outcome('OP_VOLUME_CLONE', { pool: 'vms', volume: 'big', new_name: 'copy' })).toEqual(tooMuch);
  expect(await outcome('OP_POOL_ADD', { pool: 'wide', pgs: 4096 })).toEqual([
    'OpExecError',
    [expect.stringContaining('placement groups'), 'insufficient_resources'],
  ]);
});

it('what a VM has', async () => {
  const { outcome, snapshot, vmOn, vms, run, ceph } = await cluster();
  const { uuid } = await vmOn('v1', { state: 'stop' });
  const before = await snapshot();
  const has = refused('wrong_state', /VM "web1"/);
  expect(await outcome('OP_VOLUME_REMOVE', V1)).toEqual(has);
  expect(await outcome('OP_VOLUME_RENAME', { ...V1, new_name: 'w' })).toEqual(has);
  expect(await outcome('OP_POOL_REMOVE', { pool: 'vms', ...REALLY })).toEqual(has);
  // One that does not run does not mind these.
  expect(await outcome('OP_SNAPSHOT_ROLLBACK', S1)).toBe('success');
  expect(await snapshot()).toEqual(before);
  await vms.update(uuid, (document) => ({ ...document, state: 'start' }));
  expect(await outcome('OP_SNAPSHOT_ROLLBACK', S1)).toEqual(has);
  expect(await outcome('OP_VOLUME_RESIZE', { ...V1, size: GIB, shrink: true })).toEqual(has);
  expect(await outcome('OP_SNAPSHOT_ADD', { ...V1, snapshot: 's2' })).toBe('success');
  const record = await run({ OP_ID: 'OP_POOL_REMOVE', pool: 'vms', force: true, ...REALLY });
  expect(record).toMatchObject({ status: 'success', opresult: [{ pool: 'vms', volumes: 1 }] });
  expect(await ceph.open().pools()).toEqual([]);
});

it('what a client has open', async () => {
  const { outcome, ceph, snapshot } = await cluster();
  const close = await ceph.watch(V1);
  const before = await snapshot();
  const open = refused('wrong_state', /^volume "vms\/v1" is in use by 192\.0\.2\.1/);
  expect(await outcome('OP_VOLUME_REMOVE', V1)).toEqual(open);
  expect(await outcome('OP_VOLUME_RENAME', { ...V1, new_name: 'w' })).toEqual(open);
  expect(await outcome('OP_SNAPSHOT_ROLLBACK', S1)).toEqual(open);
  expect(await outcome('OP_VOLUME_RESIZE', { ...V1, size: GIB, shrink: true })).toEqual(open);
  expect(await snapshot()).toEqual(before);
  await close();
  expect(await outcome('OP_VOLUME_RENAME', { ...V1, new_name: 'w' })).toBe('success');
});

it('what would lose something that is not meant to be lost', async () => {
  const { outcome, ceph, snapshot, submit } = await cluster();
  expect(await outcome('OP_VOLUME_RESIZE', { ...V1, size: GIB })).toEqual(refused('wrong_state', /would become smaller.*"shrink"/));
  await ceph.setProtected(S1, true);
  const before = await snapshot();
  expect(await outcome('OP_SNAPSHOT_REMOVE', S1)).toEqual(refused('wrong_state', /"vms\/v1@s1" is protected/));
  expect(await outcome('OP_VOLUME_REMOVE', V1)).toEqual(refused('wrong_state', /"vms\/v1@s1" is protected/));
  await expect(submit({ OP_ID: 'OP_POOL_REMOVE', pool: 'vms' })).rejects.toMatchObject({ errorClass: 'wrong_input' });
  expect(await snapshot()).toEqual(before);
});

it('everything where there is no Ceph', async () => {
  const started = await startCluster({ redisUrl: redis().url });
  await started.addWorker({
    ceph: () => {
      throw new ClassifiedError('environment_error', 'no Ceph is configured');
    },
  });
  await putPool(started, 'vms');
  await putVolume(started, 'vms', 'v1', GIB, ['s1']);
  const ops = Object.entries({
    OP_CEPH_FLAG_SET: { flag: 'noout' },
    OP_CEPH_FLAG_UNSET: { flag: 'noout' },
    OP_POOL_ADD: { pool: 'new' },
    OP_POOL_REMOVE: { pool: 'vms', ...REALLY },
    OP_VOLUME_ADD: { pool: 'vms', volume: 'new', size: '1G' },
    OP_VOLUME_CLONE: { ...V1, new_name: 'new' },
    OP_VOLUME_RENAME: { ...V1, new_name: 'new' },
    OP_VOLUME_RESIZE: { ...V1, size: '3G' },
    OP_VOLUME_REMOVE: V1,
    OP_SNAPSHOT_ADD: { ...V1, snapshot: 'new' },
    OP_SNAPSHOT_RENAME: { ...S1, new_name: 'new' },
    OP_SNAPSHOT_REMOVE: S1,
    OP_SNAPSHOT_ROLLBACK: S1,
    OP_STORAGE_VERIFY: {},
  });
  const records = await Promise.all(ops.map(([id, parameters]) => started.run({ OP_ID: id, ...parameters })));
  const outcomes = records.map((record, index) => [ops[index]?.[0], outcomeOf(record)]);
  expect(outcomes).toEqual(ops.map(([id]) => [id, refused('environment_error', /^no Ceph is configured$/)]));
});

it('a Ceph that does not answer: as environment_error, with nothing left', async () => {
  const { outcome, ceph, snapshot } = await cluster();
  const before = await snapshot();
  const silent = new ClassifiedError('environment_error', 'rbd gave no answer within 60 s');
  const failed = ['OpExecError', [silent.message, 'environment_error']];
  ceph.failNext('pools', silent);
  expect(await outcome('OP_VOLUME_ADD', { pool: 'vms', volume: 'new', size: '1G' })).toEqual(['OpPrereqError', failed[1]]);
  for (const moment of ['before', 'after'] as const) {
    ceph.failNext('createVolume', silent, moment);
    expect(await outcome('OP_VOLUME_ADD', { pool: 'vms', volume: 'new', size: '1G' })).toEqual(failed);
    ceph.failNext('copyVolume', silent, moment);
    expect(await outcome('OP_VOLUME_CLONE', { ...V1, new_name: 'new' })).toEqual(failed);
    ceph.failNext('renameVolume', silent, moment);
    expect(await outcome('OP_VOLUME_RENAME', { ...V1, new_name: 'new' })).toEqual(failed);
    ceph.failNext('resizeVolume', silent, moment);
    expect(await outcome('OP_VOLUME_RESIZE', { ...V1, size: '3G' })).toEqual(failed);
    ceph.failNext('createSnapshot', silent, moment);
    expect(await outcome('OP_SNAPSHOT_ADD', { ...V1, snapshot: 'new' })).toEqual(failed);
    ceph.failNext('renameSnapshot', silent, moment);
    expect(await outcome('OP_SNAPSHOT_RENAME', { ...S1, new_name: 'new' })).toEqual(failed);
    ceph.failNext('createPool', silent, moment);
    expect(await outcome('OP_POOL_ADD', { pool: 'new', copies: 2, pgs: 8 })).toEqual(failed);
  }
  ceph.failNext('removeVolume', silent);
  expect(await outcome('OP_POOL_REMOVE', { pool: 'vms', ...REALLY })).toBe('success');
  expect(Object.keys(before.ceph).filter((key) => key.startsWith('pool/'))).toEqual(['pool/vms']);
});

it('a half removed volume is known for what is left of it, and removed by the next try', async () => {
  const { outcome, ceph, storage } = await cluster();
  const silent = new ClassifiedError('environment_error', 'rbd gave no answer within 60 s');
  ceph.failNext('removeVolume', silent);
  expect(await outcome('OP_VOLUME_REMOVE', V1)).toEqual(['OpExecError', [silent.message, 'environment_error']]);
  expect(await storage.volumes.get('vms/v1')).toMatchObject({ snapshots: [] });
  expect(await outcome('OP_STORAGE_VERIFY', {})).toBe('success');
  ceph.failNext('removeVolume', silent, 'after');
  expect(await outcome('OP_VOLUME_REMOVE', V1)).toEqual(['OpExecError', [silent.message, 'environment_error']]);
  expect(await storage.volumes.find('vms/v1')).toBeUndefined();
});
