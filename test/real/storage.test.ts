// The storage as its operators use it: every opcode of pools, volumes, snapshots and flags over HTTP against a real Ceph, and what it refuses.
import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import type { JobRecord, Opcode } from '../../schemas/job.js';
import { describeReal } from '../drivers/real-or-skipped.js';
import type { CephHandle } from '../lab/ceph.js';
import { until } from '../lab/until.js';
import { logOf } from './api-client.js';
import { labCeph, realCeph } from './ceph-subjects.js';
import { startCluster, type RealCluster } from './real-cluster.js';
import { missingLab } from './real-lab.js';
import { story } from './story.js';

const CEPH = '/api/v1/storage/ceph';
const MIB = 1024 ** 2;
const nameIn = ({ name }: { name: string }) => name;

describeReal('storage over HTTP', missingLab(), () => {
  let pool: string;
  let ceph: CephHandle;
  let cluster: RealCluster;
  beforeEach(async () => {
    // By its name the worker knows where it has to die.
    pool = `removed-${randomUUID().slice(0, 8)}`;
    ceph = await realCeph();
    cluster = await startCluster({ name: 'storage', workers: 2, ceph });
  });
  afterEach(async () => {
    await cluster?.close();
    for (const name of [pool, `${pool}-2`]) {
      await ceph?.ceph('osd', 'pool', 'rm', name, name, '--yes-i-really-really-mean-it').catch(() => undefined);
    }
  });

  const doing = async (method: string, path: string, body?: unknown) => await cluster.api.doing(method, `${CEPH}${path}`, body);
  const done = async (method: string, path: string, body?: unknown) => {
    const reply = await doing(method, path, body);
    expect([reply.status, reply.body.message], `${method} ${path}`).toEqual([200, expect.any(String)]);
    return reply.body;
  };
  const refused = async (method: string, path: string, body: unknown, code: string) => {
    const reply = await doing(method, path, body);
    expect.soft(reply.body, `${method} ${path}`).toMatchObject({ code });
    return reply.body.message as string;
  };
  const volumes = async () => (await ceph.rbd('ls', pool)).split('\n').filter((name) => name !== '');
  const sizeOf = async (volume: string) =>
    (JSON.parse(await ceph.rbd('info', '--format', 'json', `${pool}/${volume}`)) as { size: number }).size;
  const snapshots = async (volume: string) =>
    (JSON.parse(await ceph.rbd('snap', 'ls', '--format', 'json', `${pool}/${volume}`)) as { name: string }[]).map(({ name }) => name);

  story('of pools, volumes, snapshots and flags', async (chapter) => {
    await chapter('a pool is made, once', async () => {
      const asked = { pool, pgs: 8, copies: 2, mincopies: 1 };
      expect((await done('POST', '/pool', asked)).message).toBe(`Created RBD pool "${pool}" with 8 PGs`);
      expect(await ceph.ceph('osd', 'pool', 'get', pool, 'size')).toMatchObject({ size: 2 });
      await refused('POST', '/pool', asked, 'already_exists');
      await refused('POST', '/pool', { pool: `${pool}-2`, pgs: 65_536, copies: 3 }, 'insufficient_resources');
      await until('the pool in the list', async () => (await cluster.api.call('GET', `${CEPH}/pool/${pool}`)).status === 200);
    });

    await chapter('a volume is made, resized, renamed, cloned and removed', async () => {
      const volume = (name: string) => `/volume/${pool}/${name}`;
      await done('POST', '/volume', { pool, volume: 'v1', size: '64M' });
      expect(await sizeOf('v1')).toBe(64 * MIB);
      await refused('POST', '/volume', { pool, volume: 'v1', size: '64M' }, 'already_exists');
      await refused('POST', '/volume', { pool: 'none', volume: 'v1', size: '64M' }, 'unknown_entity');
      await refused('POST', '/volume', { pool, volume: 'big', size: '100T' }, 'insufficient_resources');
      await done('PUT', volume('v1'), { size: '96M' });
      expect(await sizeOf('v1')).toBe(96 * MIB);
      await refused('PUT', volume('v1'), { size: '32M' }, 'wrong_state');
      await done('PUT', volume('v1'), { size: '32M', shrink: true });
      expect(await sizeOf('v1')).toBe(32 * MIB);
      await refused('PUT', volume('none'), { size: '32M' }, 'unknown_entity');
      await done('PUT', volume('v1'), { name: 'v2' });
      expect(await volumes()).toEqual(['v2']);
      await refused('PUT', volume('v1'), { name: 'v2' }, 'unknown_entity');
      await done('POST', `${volume('v2')}/clone`, { new_volume: 'v3' });
      expect([await volumes(), await sizeOf('v3')]).toEqual([['v2', 'v3'], 32 * MIB]);
      await refused('POST', `${volume('v2')}/clone`, { new_volume: 'v3' }, 'already_exists');
      await refused('PUT', volume('v2'), { name: 'v3' }, 'already_exists');
      await done('DELETE', volume('v3'));
      await refused('DELETE', volume('v3'), undefined, 'unknown_entity');
      expect(await volumes()).toEqual(['v2']);
      const stats = async () => (await cluster.api.call('GET', `${CEPH}${volume('v2')}`)).body.stats;
      await expect.poll(stats).toMatchObject({ size_bytes: 32 * MIB, format: 2 });
    });

    await chapter('snapshots are taken, renamed, cloned from, rolled back to and removed', async () => {
      const of = `/volume/snapshot/${pool}/v2`;
      await done('POST', '/volume/snapshot', { pool, volume: 'v2', snapshot: 's1' });
      await refused('POST', '/volume/snapshot', { pool, volume: 'v2', snapshot: 's1' }, 'already_exists');
      await refused('POST', '/volume/snapshot', { pool, volume: 'none', snapshot: 's1' }, 'unknown_entity');
      await done('PUT', `${of}/s1`, { new_name: 's2' });
      expect(await snapshots('v2')).toEqual(['s2']);
      await done('PUT', `/volume/${pool}/v2`, { size: '48M' });
      await done('POST', `/volume/${pool}/v2/clone`, { snapshot: 's2', new_volume: 'v4' });
      expect(await sizeOf('v4')).toBe(32 * MIB);
      // Ceph believes for half a minute in a client that is gone: nothing else is done with this volume.
      const { watch } = await labCeph(ceph);
      const close = await watch({ pool, volume: 'v4' });
      await refused('DELETE', `/volume/${pool}/v4`, undefined, 'wrong_state');
      await refused('PUT', `/volume/${pool}/v4`, { name: 'v5' }, 'wrong_state');
      await close();
      await done('POST', `${of}/s2/rollback`);
      expect(await sizeOf('v2')).toBe(32 * MIB);
      await refused('POST', `${of}/none/rollback`, undefined, 'unknown_entity');
      await done('POST', '/volume/snapshot', { pool, volume: 'v2', snapshot: 's3' });
      await done('DELETE', `${of}/s3`);
      await refused('DELETE', `${of}/s3`, undefined, 'unknown_entity');
      const listed = async () => (await cluster.api.call('GET', `${CEPH}/volume/snapshot?pool=${pool}&volume=v2`)).body;
      await expect.poll(listed).toMatchObject([{ snapshot: 's2', stats: { size_bytes: 32 * MIB } }]);
      // With its snapshot.
      await done('DELETE', `/volume/${pool}/v2`);
      expect(await volumes()).toEqual(['v4']);
    });

    await chapter('flags are set and unset', async () => {
      const flags = async () => ((await ceph.ceph('osd', 'dump')) as { flags_set: string[] }).flags_set;
      for (const option of ['nodeep-scrub', 'nosnaptrim']) {
        await done('POST', '/cluster-option', { action: 'set', option });
        expect(await flags()).toContain(option);
        await done('POST', '/cluster-option', { action: 'unset', option });
        expect(await flags()).not.toContain(option);
      }
    });

    await chapter('50 volumes for 10 clients are 50 in Ceph and in the state', async () => {
      const wanted = Array.from({ length: 50 }, (_, index) => `many${String(index).padStart(2, '0')}`);
      const client = async (_: unknown, number: number) => {
        const own = wanted.slice(number * 5, number * 5 + 5);
        const jobs = await Promise.all(own.map((volume) => cluster.api.submit({ OP_ID: 'OP_VOLUME_ADD', pool, volume, size: '8M' })));
        return await Promise.all(jobs.map((job) => cluster.api.end(job, 180_000)));
      };
      const records = (await Promise.all(Array.from({ length: 10 }, client))).flat();
      expect(records.map(({ status, opresult }) => [status, opresult]).filter(([status]) => status !== 'success')).toEqual([]);
      expect((await volumes()).filter((name) => name.startsWith('many'))).toEqual(wanted);
      // The API's mirror of the state follows in a moment.
      const listed = async () => (await cluster.api.call('GET', `${CEPH}/volume?pool=${pool}&limit=many`)).body.map(nameIn);
      await expect.poll(listed).toEqual(wanted);
    });

    await chapter('what was done behind its back is told, adopted and dropped', async () => {
      await ceph.rbd('create', '--size', '8M', `${pool}/alien`);
      await ceph.rbd('rm', `${pool}/many00`);
      const [alien, lost] = [`volume/${pool}/alien`, `volume/${pool}/many00`];
      const verify = async (parameters = {}) => {
        const { status, opresult } = await cluster.api.run({ OP_ID: 'OP_STORAGE_VERIFY', ...parameters });
        expect([status, opresult]).toEqual(['success', [{ drift: expect.any(Array) }]]);
        const { drift } = opresult[0] as { drift: { thing: string; difference: string; done: string }[] };
        return drift.filter(({ thing }) => thing.includes(`/${pool}`)).map(({ thing, difference, done: act }) => [thing, difference, act]);
      };
      expect(await refused('DELETE', `/volume/${pool}/many00`, undefined, 'unknown_entity')).toContain('OP_STORAGE_VERIFY');
      expect(await verify({ adopt: [alien], drop: [lost] })).toEqual([
        [alien, 'unknown', 'adopted'],
        [lost, 'missing', 'dropped'],
      ]);
      expect(await verify()).toEqual([]);
      await done('DELETE', `/volume/${pool}/alien`);
    });

    /** Gives the job to a worker that dies in it, and then to another one. Answers the record of its end. */
    async function survived(name: string, op: Opcode, between: () => Promise<void>): Promise<JobRecord> {
      await Promise.all(cluster.workers.map((worker) => worker.leave()));
      const program = ['--import', 'tsx', resolve(import.meta.dirname, 'doomed-worker.ts'), cluster.dir];
      const doomed = await cluster.startWorker(`doomed-${name}`, program);
      const job = await cluster.api.submit(op);
      expect(await doomed.ended).toBe('SIGKILL');
      await between();
      await cluster.startWorker(name);
      const record = await cluster.api.end(job);
      expect(logOf(record)).toContain(`taken up by worker ${name} at step 1 of`);
      return record;
    }

    await chapter(
      'a worker that dies when Ceph has made a volume, and nobody knows yet: another one writes the same volume down',
      async () => {
        const volume = 'made-once';
        const record = await survived('w3', { OP_ID: 'OP_VOLUME_ADD', pool, volume, size: '8M' }, async () => {
          expect(await volumes()).toContain(volume);
          expect((await cluster.api.call('GET', `${CEPH}/volume/${pool}/${volume}`)).status).toBe(404);
        });
        expect([record.status, record.opresult]).toEqual(['success', [{ pool, volume, size_bytes: 8 * MIB }]]);
        await expect.poll(async () => (await cluster.api.call('GET', `${CEPH}/volume/${pool}/${volume}`)).status).toBe(200);
      },
    );

    await chapter('a worker that dies when Ceph has removed a pool, and nobody knows yet: another one forgets the pool', async () => {
      await refused('DELETE', '/pool/none', { yes_i_really_mean_it: true }, 'unknown_entity');
      const known = (await volumes()).length;
      expect(known).toBeGreaterThan(40);
      const record = await survived('w4', { OP_ID: 'OP_POOL_REMOVE', pool, yes_i_really_mean_it: true }, async () => {
        const { pools } = (await ceph.ceph('osd', 'dump')) as { pools: { pool_name: string }[] };
        expect(pools.map(({ pool_name: name }) => name)).not.toContain(pool);
        await expect.poll(async () => (await cluster.api.call('GET', `${CEPH}/volume?pool=${pool}`)).body).toHaveLength(known);
      });
      expect([record.status, record.opresult]).toEqual(['success', [{ pool, volumes: known }]]);
      await until('the state without it', async () => (await cluster.api.call('GET', `${CEPH}/pool/${pool}`)).status === 404);
      await expect.poll(async () => (await cluster.api.call('GET', `${CEPH}/volume?pool=${pool}`)).body).toEqual([]);
    });
  });
});
