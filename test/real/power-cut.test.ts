// What `npm start` runs loses its power in the middle of jobs, twice; and its Redis is lost, or put back as it was earlier.
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Opcode } from '../../schemas/job.js';
import { describeReal } from '../drivers/real-or-skipped.js';
import { guestXml, newGuest } from '../harness/guests.js';
import { until } from '../lab/until.js';
import { logOf } from './api-client.js';
import { embeddedRapid, type EmbeddedRapid } from './embedded-rapid.js';
import { missingLab, realLab } from './real-lab.js';

const POOL = 'vms';
const GIB = 1024 ** 3;

/** Opcodes that make what a job works on; the job; and how that looks afterwards, by the API's paths. */
interface Piece {
  before?: Opcode[];
  ops: Opcode[];
  after: Record<string, unknown>;
}

const op = (id: string, more: object): Opcode => ({ OP_ID: id, ...more });
/** The power goes somewhere in here, and in what is around it. */
const pause = (seconds: number) => op('OP_TEST_DELAY', { duration: seconds });
const define = (name: string, node: string) => op('OP_VM_DEFINE', { xml: guestXml(newGuest(name)), node });
const vm = (name: string) => `/api/v1/vm/${name}`;
const inPool = (volume: string) => ({ pool: POOL, volume });
const volumePath = (volume: string) => `/api/v1/storage/ceph/volume/${POOL}/${volume}`;
const ofSize = (gib: number) => ({ stats: { size_bytes: gib * GIB } });

/** Thirty of them, of many kinds. No two touch the same thing. */
const PIECES: Piece[] = [
  ...[1, 2, 3, 4].map((n) => ({
    ops: [define(`new${n}`, 'hv1'), pause(n), op('OP_VM_START', { vm: `new${n}` })],
    after: { [vm(`new${n}`)]: { state: 'start', node: 'hv1' } },
  })),
  ...[1, 2, 3].map((n) => ({
    ops: [
      op('OP_VM_CREATE', { name: `made${n}`, vcpus: 1, memory: 64, disks: [{ pool: POOL, size: '1G' }], node: 'hv2' }),
      pause(n),
      op('OP_VM_START', { vm: `made${n}` }),
    ],
    after: { [vm(`made${n}`)]: { state: 'start', node: 'hv2' }, [volumePath(`made${n}_sda`)]: ofSize(1) },
  })),
  ...[1, 2].map((n) => ({
    before: [define(`moving${n}`, 'hv1'), op('OP_VM_START', { vm: `moving${n}` })],
    ops: [
      op('OP_VM_MIGRATE', { vm: `moving${n}`, node: 'hv2' }),
      pause(n),
      op('OP_VM_UNMIGRATE', { vm: `moving${n}` }),
      op('OP_VM_MOVE', { vm: `moving${n}`, node: 'hv2' }),
    ],
    after: { [vm(`moving${n}`)]: { state: 'start', node: 'hv2', last_node: '' } },
  })),
  ...[1, 2].map((n) => ({
    before: [define(`restarted${n}`, 'hv2'), op('OP_VM_START', { vm: `restarted${n}` })],
    ops: [op('OP_VM_RESTART', { vm: `restarted${n}` }), pause(n), op('OP_VM_RESTART', { vm: `restarted${n}` })],
    after: { [vm(`restarted${n}`)]: { state: 'start' } },
  })),
  ...[1, 2].map((n) => ({
    before: [define(`shut${n}`, 'hv1'), op('OP_VM_START', { vm: `shut${n}` })],
    ops: [op('OP_VM_SHUTDOWN', { vm: `shut${n}` }), pause(n), op('OP_VM_DISABLE', { vm: `shut${n}` })],
    after: { [vm(`shut${n}`)]: { state: 'disable' } },
  })),
  {
    before: [define('cut', 'hv1'), op('OP_VM_START', { vm: 'cut' })],
    ops: [pause(2), op('OP_VM_STOP', { vm: 'cut' }), pause(2), op('OP_VM_START', { vm: 'cut' })],
    after: { [vm('cut')]: { state: 'start', node: 'hv1' } },
  },
  {
    before: [define('gone', 'hv1'), op('OP_VM_START', { vm: 'gone' })],
    ops: [pause(2), op('OP_VM_UNDEFINE', { vm: 'gone' }), pause(2)],
    after: { [vm('gone')]: { code: 'unknown_entity' } },
  },
  ...[1, 2, 3].map((n) => ({
    ops: [
      op('OP_VOLUME_ADD', { ...inPool(`grown${n}`), size: '1G' }),
      pause(n),
      op('OP_VOLUME_RESIZE', { ...inPool(`grown${n}`), size: '3G' }),
    ],
    after: { [volumePath(`grown${n}`)]: ofSize(3) },
  })),
  ...[1, 2].map((n) => ({
    before: [op('OP_VOLUME_ADD', { ...inPool(`source${n}`), size: '2G' })],
    ops: [
      op('OP_VOLUME_CLONE', { ...inPool(`source${n}`), new_name: `clone${n}` }),
      pause(n),
      op('OP_VOLUME_RENAME', { ...inPool(`clone${n}`), new_name: `copy${n}` }),
    ],
    after: { [volumePath(`copy${n}`)]: ofSize(2), [volumePath(`clone${n}`)]: { code: 'unknown_entity' } },
  })),
  {
    before: [op('OP_VOLUME_ADD', { ...inPool('kept'), size: '2G' })],
    ops: [
      op('OP_SNAPSHOT_ADD', { ...inPool('kept'), snapshot: 's1' }),
      pause(2),
      op('OP_SNAPSHOT_RENAME', { ...inPool('kept'), snapshot: 's1', new_name: 's2' }),
      op('OP_VOLUME_RESIZE', { ...inPool('kept'), size: '4G' }),
      pause(2),
      op('OP_SNAPSHOT_ROLLBACK', { ...inPool('kept'), snapshot: 's2' }),
    ],
    after: { [volumePath('kept')]: ofSize(2) },
  },
  {
    before: [op('OP_VOLUME_ADD', { ...inPool('removed'), size: '1G' })],
    ops: [pause(2), op('OP_VOLUME_REMOVE', inPool('removed')), pause(2)],
    after: { [volumePath('removed')]: { code: 'unknown_entity' } },
  },
  ...[1, 2].map((n) => ({
    ops: [
      op('OP_POOL_ADD', { pool: `pool${n}`, pgs: 4, copies: 2, mincopies: 1 }),
      pause(n),
      op('OP_VOLUME_ADD', { pool: `pool${n}`, volume: 'first', size: '1G' }),
    ],
    after: { [`/api/v1/storage/ceph/volume/pool${n}/first`]: ofSize(1) },
  })),
  { ops: [op('OP_CEPH_FLAG_SET', { flag: 'noscrub' }), pause(3), op('OP_CEPH_FLAG_UNSET', { flag: 'noscrub' })], after: {} },
  ...[5, 6, 7, 8].map((seconds) => ({ ops: [pause(seconds)], after: {} })),
  {
    before: [define('flushed', 'hv3'), op('OP_VM_START', { vm: 'flushed' })],
    ops: [op('OP_NODE_FLUSH', { node: 'hv3' }), pause(2), op('OP_NODE_READY', { node: 'hv3' })],
    after: { [vm('flushed')]: { state: 'start', node: 'hv3' } },
  },
];

describeReal('a power cut', missingLab(), () => {
  let stateDir: string;
  let rapid: EmbeddedRapid;
  beforeEach(async () => {
    // For the compiled program.
    await realLab();
    stateDir = await mkdtemp(join(tmpdir(), 'rapid-power-'));
    rapid = embeddedRapid(stateDir);
    await rapid.start();
  });
  afterEach(async () => {
    await rapid.stop();
    await rm(stateDir, { recursive: true, force: true });
  });

  const succeeds = async (...ops: Opcode[]) => {
    const { status, opresult } = await rapid.api.run(...ops);
    expect([status, opresult]).toEqual(['success', expect.anything()]);
  };
  const newPool = () => succeeds(op('OP_POOL_ADD', { pool: POOL, pgs: 4, copies: 2, mincopies: 1 }));
  const statusOf = async (job: number) => (await rapid.api.call('GET', `/jobs/${job}`)).body.status as string;
  const isAtWork = async (jobs: number[], enough: number) => {
    const statuses = await Promise.all(jobs.map(statusOf));
    return statuses.filter((status) => status === 'running').length >= enough;
  };
  /** Where each VM runs, by the node's own account. */
  const runningOn = async () =>
    new Map(
      ((await rapid.api.call('GET', '/api/v1/node')).body as { name: string; running_domains: string[] }[]).map(
        ({ name, running_domains: uuids }) => [name, uuids],
      ),
    );

  test('twice, with thirty jobs of many kinds under way: all of them end well, and each has done what it says once', async () => {
    expect(PIECES).toHaveLength(30);
    await newPool();
    await Promise.all(PIECES.flatMap(({ before }) => (before === undefined ? [] : [succeeds(...before)])));
    const jobs = await Promise.all(PIECES.map(({ ops }) => rapid.api.submit(...ops)));
    for (const enough of [20, 5]) {
      await until('the jobs under way', () => isAtWork(jobs, enough), { every: 20 });
      await rapid.cutPower();
      await rapid.start();
    }
    const records = await Promise.all(jobs.map((job) => rapid.api.end(job)));
    for (const [index, { status, opresult }] of records.entries()) {
      expect.soft([status, opresult], JSON.stringify(PIECES[index]?.ops.map(({ OP_ID }) => OP_ID))).toEqual(['success', expect.anything()]);
    }
    expect(records.filter(({ oplog }) => JSON.stringify(oplog).includes('taken up by worker')).length).toBeGreaterThanOrEqual(20);

    for (const [path, expected] of PIECES.flatMap(({ after }) => Object.entries(after))) {
      await expect.poll(async () => (await rapid.api.call('GET', path)).body, { message: path }).toMatchObject(expected as object);
    }
    const vms = (await rapid.api.call('GET', '/api/v1/vm')).body as { uuid: string; state: string; node: string }[];
    const isRunning = vms.filter(({ state }) => state === 'start');
    await expect
      .poll(async () => [...(await runningOn())].flatMap(([node, uuids]) => uuids.map((uuid) => `${uuid} ${node}`)).toSorted())
      .toEqual(isRunning.map(({ uuid, node }) => `${uuid} ${node}`).toSorted());
    await expect.poll(async () => (await rapid.api.call('GET', '/api/v1/locks')).body.filter(heldByJob)).toEqual([]);
  });

  const heldByJob = ({ holders, waiters }: { holders: { job: number }[]; waiters: { job: number }[] }) =>
    [...holders, ...waiters].some(({ job }) => job !== 0);

  test('with an empty Redis afterwards: jobs are gone, what they held is free again, and the cluster is as it was', async () => {
    await newPool();
    await succeeds(define('web1', 'hv1'), op('OP_VM_START', { vm: 'web1' }));
    const job = await rapid.api.submit(op('OP_VM_STOP', { vm: 'web1' }), op('OP_TEST_DELAY', { duration: 600, lock: ['web1'] }));
    await until('the guest to stop', async () => (await rapid.api.call('GET', vm('web1'))).body.state === 'stop');
    await until('the second opcode', async () => (await rapid.api.call('GET', `/jobs/${job}`)).body.opstatus[1] === 'running');
    await rapid.cutPower();
    await rm(rapid.redisDir, { recursive: true });
    await rapid.start();
    expect((await rapid.api.call('GET', `/jobs/${job}`)).status).toBe(404);
    expect((await rapid.api.call('GET', vm('web1'))).body).toMatchObject({ state: 'stop', node: 'hv1' });
    await succeeds(op('OP_VM_START', { vm: 'web1' }));
    await expect.poll(async () => (await rapid.api.call('GET', '/api/v1/locks')).body.filter(heldByJob)).toEqual([]);
  });

  test('with an older Redis put back: what was accepted since is not known, and what was under way then is not done twice', async () => {
    await newPool();
    await succeeds(define('web1', 'hv1'), op('OP_VM_START', { vm: 'web1' }));
    const old = await rapid.api.submit(
      pause(4),
      op('OP_VOLUME_ADD', { ...inPool('once'), size: '1G' }),
      op('OP_VM_MOVE', { vm: 'web1', node: 'hv2' }),
    );
    await until('the job under way', async () => (await statusOf(old)) === 'running');
    const copy = join(stateDir, 'redis-of-old');
    await cp(rapid.redisDir, copy, { recursive: true, filter: (path) => !path.endsWith('.sock') });
    expect((await rapid.api.end(old)).status).toBe('success');
    await succeeds(op('OP_VOLUME_RESIZE', { ...inPool('once'), size: '3G' }));
    const later = await rapid.api.submit(op('OP_VM_STOP', { vm: 'web1' }));
    expect((await rapid.api.end(later)).status).toBe('success');

    await rapid.cutPower();
    await rm(rapid.redisDir, { recursive: true });
    await cp(copy, rapid.redisDir, { recursive: true });
    await rapid.start();
    expect((await rapid.api.call('GET', `/jobs/${later}`)).status).toBe(404);
    // It goes on where it was then, and is told what the cluster has become.
    const again = await rapid.api.end(old);
    expect(again.opresult[1]).toEqual(['OpPrereqError', [expect.any(String), 'already_exists']]);
    expect(logOf(again)).toContain('taken up by worker');
    expect((await rapid.api.call('GET', vm('web1'))).body).toMatchObject({ state: 'stop', node: 'hv2' });
    await expect.poll(async () => (await rapid.api.call('GET', volumePath('once'))).body).toMatchObject(ofSize(3));
    await succeeds(op('OP_VM_START', { vm: 'web1' }));
  });
});
