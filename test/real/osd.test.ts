// OSDs of a real Ceph: one is made of a device and taken away again while there is data, a removal is cancelled, and its worker is killed.
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect } from 'vitest';
import { describeReal } from '../drivers/real-or-skipped.js';
import type { CephHandle } from '../lab/ceph.js';
import { type LoopDevice, makeLoopDevice } from '../lab/loop-device.js';
import { allPids, commandLine, programName, signal } from '../lab/processes.js';
import { until } from '../lab/until.js';
import { realCeph } from './ceph-subjects.js';
import { startCluster, type RealCluster } from './real-cluster.js';
import { missingLab } from './real-lab.js';
import { story } from './story.js';

const OSD = '/api/v1/storage/ceph/osd';
const GIB = 1024 ** 3;
const DATA_BYTES = 24 * 1024 ** 2;

interface OsdDump {
  osds: { osd: number; up: number; in: number; uuid: string }[];
}
interface PgList {
  pg_stats: { state: string; acting: number[] }[];
}
interface OsdTree {
  nodes: { name: string; type: string; crush_weight?: number; children?: number[]; id: number }[];
}

describeReal('OSDs over HTTP', missingLab(), () => {
  let pool: string;
  let file: string;
  const data = randomBytes(DATA_BYTES);
  const devices: LoopDevice[] = [];
  const made: OsdDump['osds'] = [];
  let ceph: CephHandle;
  let cluster: RealCluster;

  beforeEach(async () => {
    pool = `osds-${randomUUID().slice(0, 8)}`;
    file = join(tmpdir(), `${pool}.img`);
    ceph = await realCeph();
    for (const name of ['a', 'b']) devices.push(await makeLoopDevice(ceph.deviceDir, `${pool}-${name}.img`, 2 * GIB));
    await ceph.ceph('osd', 'pool', 'create', pool, '32', '32', 'replicated', '--size', '2', '--autoscale-mode', 'off');
    await ceph.ceph('osd', 'pool', 'application', 'enable', pool, 'rbd');
    await writeFile(file, data);
    await ceph.rbd('import', '--no-progress', file, `${pool}/data`);
    cluster = await startCluster({ name: 'osds', workers: 2, ceph });
  });

  afterEach(async () => {
    await unsetFlags();
    for (const { osd, uuid } of made.splice(0)) {
      // Others make OSDs too, and a number is given again when it is free.
      if ((await seen(osd))?.uuid !== uuid) continue;
      for (const pid of daemonsOf(osd)) signal(pid, 'SIGKILL');
      await ceph.ceph('osd', 'down', String(osd)).catch(() => undefined);
      await ceph.ceph('osd', 'purge', String(osd), '--force', '--yes-i-really-mean-it').catch(() => undefined);
    }
    await cluster.close();
    await ceph.ceph('osd', 'pool', 'rm', pool, pool, '--yes-i-really-really-mean-it');
    await rm(file, { force: true });
    for (const device of devices.splice(0)) await device.free();
  });

  const device = (index: number): string => devices[index]?.path ?? '';
  const seen = async (id: number) => ((await ceph.ceph('osd', 'dump')) as OsdDump).osds.find(({ osd }) => osd === id);
  const daemonsOf = (id: number) =>
    allPids().filter((pid) => {
      const words = commandLine(pid);
      return (
        programName(pid) === 'ceph-osd' &&
        words[words.indexOf('--id') + 1] === String(id) &&
        words.some((word) => word.startsWith(ceph.dir))
      );
    });
  /** While they are set no data moves. */
  const flags = ['nobackfill', 'norecover', 'norebalance'];
  const setFlags = async () => {
    for (const flag of flags) await ceph.ceph('osd', 'set', flag);
  };
  let stands = 0;
  /** From now on no data moves. What is written before is new to the OSDs that have an older copy left, so that they cannot take over with that. */
  async function holdData(): Promise<void> {
    stands += 1;
    for (let count = 0; count < 16; count++) await ceph.rados('--pool', pool, 'put', `stand-${stands}-${count}`, ceph.keyring);
    await setFlags();
  }
  const unsetFlags = async () => {
    for (const flag of flags) await ceph.ceph('osd', 'unset', flag);
  };
  async function checksum(): Promise<string> {
    const words = ['--conf', ceph.conf, '--keyring', ceph.keyring, '--no-progress', 'export', `${pool}/data`, '-'];
    const { stdout } = await execa('rbd', words, { encoding: 'buffer', maxBuffer: 2 * DATA_BYTES });
    return createHash('sha256').update(stdout).digest('hex');
  }
  const written = createHash('sha256').update(data).digest('hex');
  /** Ceph's figures of what is where are a while old, unless each OSD is told to send its own and these have come in. */
  async function refreshFigures(): Promise<void> {
    const { osds } = (await ceph.ceph('osd', 'dump')) as OsdDump;
    for (const name of osds.flatMap(({ osd, up }) => (up === 1 ? [`osd.${osd}`] : []))) {
      const sent = Number(await ceph.ceph('tell', name, 'flush_pg_stats'));
      await until(`the figures of ${name}`, async () => Number(await ceph.ceph('osd', 'last-stat-seq', name, '--format', 'plain')) >= sent);
    }
  }
  const holdsItsData = (id: number) =>
    until(
      `data on OSD ${id}`,
      async () => {
        await refreshFigures();
        const { pg_stats } = (await ceph.ceph('pg', 'ls-by-osd', String(id))) as PgList;
        return pg_stats.length > 0 && pg_stats.every(({ state, acting }) => state === 'active+clean' && acting.includes(id));
      },
      { within: 60_000, every: 500 },
    );
  const add = async (node: string, path: string, more = {}) => {
    const { status, body } = await cluster.api.doing('POST', OSD, { node, device: path, ...more });
    const id: number | undefined = (body.result?.[0] ?? body.result)?.osd;
    const osd = id === undefined ? undefined : await seen(id);
    if (osd !== undefined) made.push(osd);
    return { status, body };
  };
  const remove = (osd: number, force = false) => cluster.api.submit({ OP_ID: 'OP_OSD_REMOVE', osd, yes_i_really_mean_it: true, force });
  const progressOf = async (job: number) => (await cluster.api.call('GET', `/jobs/${job}`)).body.progress[0];

  story('are made of an empty device, drained, and taken away again', async (chapter) => {
    let osd = NaN;
    await chapter('a device becomes an OSD that is up and holds data', async () => {
      expect(await add('hv1', '/dev/nothere')).toMatchObject({ body: { code: 'unknown_entity' } });
      expect(await add('hv1', '/dev/null')).toMatchObject({ body: { code: 'wrong_input' } });
      await execa('mkswap', [device(0)]);
      expect(await add('hv1', device(0))).toMatchObject({ body: { code: 'wrong_state', message: expect.stringContaining('swap') } });
      await execa('wipefs', ['--all', device(0)]);
      // As the others: one that outweighs them by far would leave CRUSH nowhere to move its data to.
      const { status, body } = await add('hv1', device(0), { weight: 0.003 });
      expect([status, body.message]).toEqual([200, `Created new OSD with block device "${device(0)}" on node "hv1".`]);
      ({ osd } = body.result[0] ?? body.result);
      expect(await seen(osd)).toMatchObject({ up: 1, in: 1 });
      const { nodes } = (await ceph.ceph('osd', 'tree')) as OsdTree;
      expect(nodes.find(({ name }) => name === 'hv1')).toMatchObject({ type: 'host', children: [osd] });
      expect(nodes.find(({ name }) => name === `osd.${osd}`)?.crush_weight).toBeCloseTo(0.003, 4);
      expect(await add('hv1', device(0))).toMatchObject({ body: { code: 'wrong_state' } });
      await holdsItsData(osd);
      expect(await checksum()).toBe(written);
    });

    await chapter('an OSD is set out and in', async () => {
      const moved = async (state: string) => (await cluster.api.doing('POST', `${OSD}/${osd}/state`, { state })).body.message;
      expect(await moved('out')).toBe(`Set OSD ${osd} offline.`);
      expect(await seen(osd)).toMatchObject({ in: 0 });
      expect(await moved('in')).toBe(`Set OSD ${osd} online.`);
      expect(await seen(osd)).toMatchObject({ in: 1 });
      await holdsItsData(osd);
    });

    await chapter('a removal that is cancelled while the data moves puts it back in', async () => {
      await holdData();
      const job = await remove(osd);
      await until('the drain', async () => ((await progressOf(job))?.figures?.pgs_remaining ?? 0) > 0);
      expect(await seen(osd)).toMatchObject({ in: 0, up: 1 });
      await cluster.api.call('DELETE', `/jobs/${job}`);
      expect(await cluster.api.end(job)).toMatchObject({ status: 'canceled' });
      expect(await seen(osd)).toMatchObject({ in: 1, up: 1 });
      await unsetFlags();
      await holdsItsData(osd);
    });

    await chapter('a removal goes on when its worker is killed, and leaves all data and an empty device', async () => {
      await holdData();
      const job = await remove(osd);
      await until('the drain', async () => ((await progressOf(job))?.figures?.pgs_remaining ?? 0) > 0);
      // The locks of the cancelled one may still be there.
      const holder = (await cluster.locksOfJobs()).flatMap(({ holders }) => holders).find((one) => one.job === job);
      const doomed = cluster.workers.find(({ ready }) => ready.includes(`worker ${holder?.worker} is`));
      expect(doomed).toBeDefined();
      await doomed?.kill();
      await unsetFlags();
      const record = await cluster.api.end(job, 240_000);
      expect([record.status, record.opresult]).toEqual(['success', [{ osd, node: 'hv1', device: device(0), left: '' }]]);
      expect(record.oplog[0]?.map(([, , , text]) => text).join('\n')).toContain('taken up by worker');
      expect(await seen(osd)).toBeUndefined();
      expect(daemonsOf(osd)).toEqual([]);
      expect((await execa('wipefs', ['--noheadings', device(0)])).stdout).toBe('');
      expect(await checksum()).toBe(written);
      const again = await cluster.api.run({ OP_ID: 'OP_OSD_REMOVE', osd, yes_i_really_mean_it: true });
      expect(again.opresult).toEqual([['OpPrereqError', [expect.any(String), 'unknown_entity']]]);
    });

    await chapter('an OSD that is dead is removed by force', async () => {
      const { body } = await add('hv2', device(1));
      const { osd: dead } = body.result[0] ?? body.result;
      for (const pid of daemonsOf(dead)) signal(pid, 'SIGKILL');
      await until('Ceph to notice', async () => (await seen(dead))?.up === 0);
      const record = await cluster.api.end(await remove(dead, true));
      expect([record.status, record.opresult]).toEqual(['success', [{ osd: dead, node: 'hv2', device: device(1), left: '' }]]);
      expect(await seen(dead)).toBeUndefined();
      expect(await checksum()).toBe(written);
    });
  });
});
