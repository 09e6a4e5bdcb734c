// The Ceph contracts on the lab's real Ceph; and what only a real one can show: what killed attempts leave behind, and a monitor that is
// silent.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Ceph } from '../../workers/drivers/ceph.js';
import { deviceObjection } from '../../workers/drivers/ceph-osd-host.js';
import { commandCeph } from '../../workers/drivers/ceph-commands/command-ceph.js';
import { commandOsdHost } from '../../workers/drivers/ceph-commands/command-osd-host.js';
import { cephContract } from '../contract/ceph.js';
import { osdHostContract } from '../contract/ceph-osd-host.js';
import { describeReal } from '../drivers/real-or-skipped.js';
import { silentListener } from '../drivers/silent-listener.js';
import type { CephHandle } from '../lab/ceph.js';
import { HypervisorNode } from '../lab/node.js';
import { labCeph, labOsdHost, type LabOsdHost, realCeph, settingsOf } from './ceph-subjects.js';
import { missingLab, realLab } from './real-lab.js';

const MIB = 1024 ** 2;

describeReal("the lab's Ceph", missingLab(), () => {
  cephContract('a real one', async () => labCeph(await realCeph()));
  osdHostContract('raw, on a loop device', async () => labOsdHost(await realCeph()));

  test('answers every node of the lab', async () => {
    const { conf, keyring, fsid } = await realCeph();
    const { nodes } = await realLab();
    for (const node of nodes) {
      const [program, ...words] = new HypervisorNode(node).command(['ceph', '--conf', conf, '--keyring', keyring, 'fsid']);
      expect((await execa(program, words)).stdout).toBe(fsid);
    }
  });

  describe('what a killed attempt left', () => {
    const pool = `left-${randomUUID().slice(0, 8)}`;
    let handle: CephHandle;
    let ceph: Ceph;
    let host: LabOsdHost;

    beforeAll(async () => {
      handle = await realCeph();
      ceph = commandCeph(settingsOf(handle))();
      host = await labOsdHost(handle);
      await ceph.createPool({ name: pool, pgs: 8, copies: 2, minCopies: 1 });
    });

    afterAll(async () => {
      await ceph.removePool(pool);
      await host.close();
    });

    test('of a pool is completed', async () => {
      const half = { name: `half-${randomUUID().slice(0, 8)}`, pgs: 4, copies: 3, minCopies: 2 };
      await handle.ceph('osd', 'pool', 'create', half.name, '4', '4', 'replicated', '--size', '3', '--autoscale-mode', 'off');
      await ceph.createPool(half);
      expect((await ceph.pools()).find(({ name }) => name === half.name)).toMatchObject({ ...half, applications: ['rbd'] });
      await ceph.removePool(half.name);
    });

    test('of a volume is replaced', async () => {
      const name = { pool, volume: 'half' };
      await ceph.createVolume(name, MIB);
      await handle.rados('rm', `--pool=${pool}`, `rbd_header.${(await ceph.volume(name))?.id}`);
      expect(await ceph.volume(name)).toBeUndefined();
      await ceph.createVolume(name, 2 * MIB);
      expect(await ceph.volume(name)).toMatchObject({ sizeBytes: 2 * MIB });
    });

    test('of a copy is no volume, is replaced by the next, and goes with the volume', async () => {
      const [source, copy] = [
        { pool, volume: 'source' },
        { pool, volume: 'copy' },
      ];
      await ceph.createVolume(source, 8 * MIB);
      await handle.rbd('create', '--size', '1M', `${pool}/rapid-copy.copy`);
      expect(await ceph.volumes(pool)).not.toContainEqual({ pool, volume: 'rapid-copy.copy' });
      expect(await ceph.volume(copy)).toBeUndefined();
      await ceph.copyVolume(source, copy);
      expect(await ceph.volume(copy)).toMatchObject({ sizeBytes: 8 * MIB });
      await handle.rbd('create', '--size', '1M', `${pool}/rapid-copy.copy`);
      await ceph.removeVolume(copy);
      expect(await handle.rbd('ls', pool)).not.toContain('copy');
    });

    test('of an OSD is taken back by the next', async () => {
      const [device, fsid] = [await host.emptyDevice(), randomUUID()];
      await handle.ceph('osd', 'new', fsid);
      const made = await host.host.prepareOsd({ device, fsid });
      expect((await ceph.osds()).filter((osd) => osd.fsid === fsid)).toMatchObject([{ id: made.id }]);
      expect((await host.host.inspectDevice(device)).osd).toEqual(made);
      await ceph.purgeOsd(made.id);
      await host.host.zapDevice(device, fsid);
    });

    test('is nothing when making an OSD is aborted', async () => {
      const [device, fsid] = [await host.emptyDevice(), randomUUID()];
      const abort = new AbortController();
      // The first thing that is said is that the device is no OSD yet.
      const bound = commandOsdHost(host.settings, {
        signal: abort.signal,
        onStderr: (line) => (line.includes('bluestore') ? abort.abort(new Error('cancelled')) : undefined),
      });
      await expect(bound.prepareOsd({ device, fsid })).rejects.toThrow('cancelled');
      expect((await ceph.osds()).filter((osd) => osd.fsid === fsid)).toEqual([]);
      expect(deviceObjection(await host.host.inspectDevice(device))).toBeUndefined();
      expect(await host.host.localOsds()).toEqual([]);
    });
  });

  describe('commands', () => {
    test("what they say goes to the job's log, and not into the error's text", async () => {
      const handle = await realCeph();
      const said: string[] = [];
      const ceph = commandCeph({ ...settingsOf(handle), keyring: '/nonexistent' })({ onStderr: (line) => said.push(line) });
      const error = await ceph.volumes('any').catch((caught: unknown) => caught);
      expect(error).toMatchObject({ errorClass: 'environment_error', message: expect.not.stringContaining('nonexistent') });
      expect(said.join('\n')).toContain('/nonexistent');
    });

    test('a monitor that is silent ends a call after its time, or when it is aborted', async () => {
      const handle = await realCeph();
      const folder = await mkdtemp(join(tmpdir(), 'silent-ceph-'));
      const listener = await silentListener();
      try {
        const conf = join(folder, 'ceph.conf');
        await writeFile(conf, `[global]\nmon_host = v1:127.0.0.1:${new URL(listener.uri).port}\n`);
        const silent = commandCeph({ ...settingsOf(handle), conf, commandTimeoutMs: 2000, silenceTimeoutMs: 2000 });
        const calls: ((ceph: Ceph) => Promise<unknown>)[] = [
          (ceph) => ceph.survey(),
          (ceph) => ceph.setFlag('noout', true),
          (ceph) => ceph.volume({ pool: 'p', volume: 'v' }),
          (ceph) => ceph.removeVolume({ pool: 'p', volume: 'v' }),
        ];
        for (const call of calls) await expect(call(silent())).rejects.toMatchObject({ errorClass: 'environment_error' });
        const reason = new Error('the job was cancelled');
        const patient = commandCeph({ ...settingsOf(handle), conf });
        for (const call of calls) {
          const abort = new AbortController();
          const begun = call(patient({ signal: abort.signal }));
          setImmediate(() => abort.abort(reason));
          await expect(begun).rejects.toBe(reason);
        }
      } finally {
        await listener.close();
        await rm(folder, { recursive: true });
      }
    });
  });
});
