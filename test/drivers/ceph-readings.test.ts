// Reading what Ceph's commands answer where the lab's Ceph cannot show it: other releases, other numbers, OSDs through LVM.
import { describe, expect, test } from 'vitest';
import { cephError } from '../../workers/drivers/ceph-commands/ceph-errno.js';
import { parseCephJson } from '../../workers/drivers/ceph-commands/ceph-json.js';
import { readLvmOsds } from '../../workers/drivers/ceph-commands/lvm-osds.js';
import { readOsds } from '../../workers/drivers/ceph-commands/osd-readings.js';
import { readPools } from '../../workers/drivers/ceph-commands/pool-readings.js';
import { readSnapshots } from '../../workers/drivers/ceph-commands/volume-readings.js';
import { readLines } from '../../workers/commands/read-lines.js';
import { nameOf } from '../../workers/drivers/ceph-names.js';

const DUMP = {
  osds: [
    { osd: 7, uuid: 'f7', up: 1, in: 1, weight: 1, primary_affinity: 1, state: ['exists', 'up'] },
    { osd: 2, uuid: 'f2', up: 0, in: 0, weight: 0, primary_affinity: 0.5, state: ['exists', 'new'] },
  ],
  pools: [{ pool: 3, pool_name: 'vms', size: 3, min_size: 2, pg_num: 64, application_metadata: { rbd: {}, a: {} } }],
};
const TREE = {
  nodes: [
    { id: -2, name: 'hv1', type: 'host', children: [7] },
    { id: 7, type: 'osd', device_class: 'nvme', crush_weight: 1.5, kb: 4, kb_used: 1, kb_avail: 3, utilization: 25, var: null, pgs: 9 },
  ],
  stray: [],
};

describe('OSDs', () => {
  const plain =
    'ID  HOST  USED  AVAIL  WR OPS  WR DATA  RD OPS  RD DATA  STATE\n 7  hv1   290M  1757M      3    4096k      1     1.5M  exists,up\n 2           0      0      0        0       0        0   exists,new\n';
  const boxed = '+----+\n| id | host | used | avail |\n| 7 | hv1 | 290M | 1757M | 3 | 4096k | 1 | 1.5M | exists,up |\n+----+\n';

  test.each([
    ['a plain table', plain],
    ['a table with a frame', boxed],
  ])('are read with their rates from %s', (_, table) => {
    expect(readOsds(DUMP, TREE, table)).toMatchObject([
      { id: 2, fsid: 'f2', up: false, in: false, host: '', deviceClass: '', primaryAffinity: 0.5, pgs: 0, sizeBytes: 0, writeOpsPerS: 0 },
      {
        id: 7,
        up: true,
        host: 'hv1',
        deviceClass: 'nvme',
        crushWeight: 1.5,
        sizeBytes: 4096,
        usedBytes: 1024,
        freeBytes: 3072,
        variance: 0,
        pgs: 9,
        writeOpsPerS: 3,
        writeBytesPerS: 4 * 1024 ** 2,
        readOpsPerS: 1,
        readBytesPerS: 1.5 * 1024 ** 2,
      },
    ]);
  });

  test('are read without a manager that answers', () => {
    expect(readOsds(DUMP, undefined, '').map(({ id, up, sizeBytes }) => [id, up, sizeBytes])).toEqual([
      [2, false, 0],
      [7, true, 0],
    ]);
  });

  test('on logical volumes are known by their tags', () => {
    const volume = (type: string) => ({
      type,
      devices: ['/dev/sdb'],
      lv_path: `/dev/vg/osd-${type}`,
      tags: { 'ceph.osd_id': '4', 'ceph.osd_fsid': 'f4' },
    });
    expect(readLvmOsds({ 4: [volume('block'), volume('db')] })).toEqual([
      { id: 4, fsid: 'f4', devices: ['/dev/sdb'], path: '/dev/vg/osd-block' },
    ]);
    expect(readLvmOsds({})).toEqual([]);
  });
});

test('a pool that is too young for statistics is read all the same', () => {
  const [pool] = readPools(DUMP, { pools: [] }, { pools: [] });
  expect(pool).toMatchObject({ name: 'vms', pgs: 64, copies: 3, minCopies: 2, applications: ['a', 'rbd'], freeBytes: 0, objects: 0 });
});

test('snapshots are read in the order in which they were taken, protected or not', () => {
  const list = [
    { id: 9, name: 'b', size: 1, protected: 'true', timestamp: 't' },
    { id: 4, name: 'a', size: 2, protected: 'false' },
  ];
  expect(readSnapshots({ pool: 'p', volume: 'v' }, list)).toMatchObject([
    { snapshot: 'a', protected: false, created: '' },
    { snapshot: 'b', protected: true, created: 't' },
  ]);
});

test('numbers that JSON has not are none', () => {
  expect(parseCephJson('\n{"var":-nan,"list":[inf, 1],"text":"nan: nan,"}', 'read')).toEqual({
    var: null,
    list: [null, 1],
    text: 'nan: nan,',
  });
  expect(parseCephJson(' \n', 'read')).toBeUndefined();
  expect(() => parseCephJson('HEALTH_OK', 'read')).toThrow(expect.objectContaining({ errorClass: 'environment_error' }));
});

test.each([
  [1, 'environment_error'],
  [2, 'unknown_entity'],
  [13, 'environment_error'],
  [16, 'wrong_state'],
  [17, 'already_exists'],
  [22, 'wrong_input'],
  [28, 'insufficient_resources'],
  [39, 'wrong_state'],
  [110, 'environment_error'],
  [122, 'insufficient_resources'],
])('exit code %i is %s', (exitCode, errorClass) => {
  expect(cephError({ what: 'do it', exitCode, stderr: 'secret path' })).toMatchObject({
    errorClass,
    message: expect.not.stringContaining('secret'),
  });
});

test('progress that is written over itself is told line by line', () => {
  const lines: string[] = [];
  const reader = readLines((line) => lines.push(line));
  for (const piece of ['Image copy: 1', '0% complete...\rImage copy: 20% com', 'plete...\r\n\nlast']) reader.take(piece);
  reader.end();
  expect(lines).toEqual(['Image copy: 10% complete...', 'Image copy: 20% complete...', 'last']);
});

test.each(['-x', 'a/b', 'a@b', '', ' a', 'a\nb', '\0'])('%j is no name', (name) => {
  expect(() => nameOf('volume', name)).toThrow(expect.objectContaining({ errorClass: 'wrong_input' }));
});

test.each(['vm1', 'été 2', '虚', 'a-b_c.d'])('%j is a name', (name) => {
  expect(nameOf('volume', name)).toBe(name);
});
