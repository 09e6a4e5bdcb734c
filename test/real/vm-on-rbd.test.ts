// A VM whose disk is a volume of a real Ceph: created, written to, migrated, snapshotted, rolled back, enlarged while it runs, and removed
// with its disk.
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect } from 'vitest';
import { describeReal } from '../drivers/real-or-skipped.js';
import { compiled } from '../lab/build.js';
import type { CephHandle } from '../lab/ceph.js';
import { realCeph } from './ceph-subjects.js';
import { startCluster, type RealCluster } from './real-cluster.js';
import type { RealGuest } from './real-guest.js';
import { missingLab } from './real-lab.js';
import { story } from './story.js';
import { virsh } from './virsh.js';

const MIB = 1024 ** 2;
const SECRET_UUID = '8f0bd1a4-6f2c-4b53-9d5a-2f6a1c3e7b90';

describeReal('a VM on RBD', missingLab(), () => {
  let pool: string;
  let ceph: CephHandle;
  let cluster: RealCluster;
  let guest: RealGuest;
  let disks: string;
  const volume = () => `${guest.name}_sda`;
  const storage = (path: string) => `/api/v1/storage/ceph${path}`;
  const done = async (method: string, path: string, body?: unknown) => {
    const reply = await cluster.api.doing(method, path, body);
    expect([reply.status, reply.body.message], `${method} ${path}: ${JSON.stringify(reply.body)}`).toEqual([200, expect.any(String)]);
    return reply.body;
  };
  /** Boots it anew; answers when it is up. */
  const boot = async (disk: { pattern?: string }) => {
    const before = await guest.boots();
    await done('PUT', guest.path, { xml: guest.xml({ disk, devices: disks }) });
    await done('POST', guest.statePath, { state: 'start' });
    await guest.up(before + 1);
  };
  const stop = () => done('POST', guest.statePath, { state: 'stop' });

  beforeEach(async () => {
    pool = `vms-${randomUUID().slice(0, 8)}`;
    ceph = await realCeph();
    cluster = await startCluster({ name: 'vm-on-rbd', workers: 0, ceph });
    await cluster.startWorker('w1', [compiled('workers/worker')], { RAPID_WORKER_DOMAIN_TYPE: 'qemu' });
    await done('POST', storage('/pool'), { pool, pgs: 8, copies: 2, mincopies: 1 });
    guest = cluster.guest('rbd');
  });

  afterEach(async () => {
    await cluster.close();
    await ceph.ceph('osd', 'pool', 'rm', pool, pool, '--yes-i-really-really-mean-it');
  });

  story('keeps what is written to its disk, and takes it with it', async (chapter) => {
    await chapter('every node has the key that its guests need, and gives it to nobody', async () => {
      for (const node of cluster.nodes) {
        expect(await virsh(node, 'secret-list')).toContain(SECRET_UUID);
        await expect(virsh(node, 'secret-get-value', SECRET_UUID)).rejects.toMatchObject({ message: expect.stringContaining('private') });
      }
    });

    await chapter('is created with its volume, in state stop', async () => {
      const { name, uuid, path } = guest;
      const asked = { uuid, vcpus: 1, memory: 96, disks: [{ pool, size: '16M' }], node: 'hv1' };
      expect((await done('POST', path, asked)).message).toBe(`Created new VM with Name "${name}" and UUID "${uuid}".`);
      const { body } = await cluster.api.call('GET', path);
      expect([body].flat()[0]).toMatchObject({
        state: 'stop',
        node: 'hv1',
        disks: [{ type: 'rbd', name: `${pool}/${volume()}`, dev: 'vda' }],
      });
      expect(await ceph.rbd('ls', pool)).toBe(volume());
      // It has no system to boot: the lab's kernel is put under it, and its disks stay as they were made.
      disks = (/<disk[^]*<\/disk>/.exec(([body].flat()[0] as { xml: string }).xml) ?? [''])[0];
      expect(disks).toContain('<auth');
      const again = await cluster.api.doing('POST', path, asked);
      expect(again.body).toMatchObject({ code: 'already_exists' });
    });

    await chapter('keeps what it writes through a migration, a snapshot and a rollback', async () => {
      await boot({ pattern: 'first' });
      await guest.says("disk was given 'first'");
      await done('POST', `${guest.path}/node`, { action: 'migrate', node: 'hv2' });
      const count = await guest.count();
      await expect.poll(() => guest.count()).toBeGreaterThan(count + 1);
      await done('POST', storage('/volume/snapshot'), { pool, volume: volume(), snapshot: 's1' });
      await stop();
      await boot({ pattern: 'second' });
      await guest.says("disk holds 'first'");
      await stop();
      const rollback = await cluster.api.run({ OP_ID: 'OP_SNAPSHOT_ROLLBACK', pool, volume: volume(), snapshot: 's1' });
      expect(rollback.status).toBe('success');
      await boot({});
      await guest.says("disk holds 'first'", 2);
    });

    await chapter('keeps what another VM is laid on: the snapshot stays while it is there, and is not deleted with that VM', async () => {
      const name = `${guest.name}-on-snapshot`;
      const xml = `<domain type='qemu'><name>${name}</name><memory unit='MiB'>64</memory><os><type>hvm</type></os><devices>
        <disk type='network'><source protocol='rbd' name='${pool}/${volume()}@s1'/><readonly/><target dev='vda' bus='virtio'/></disk></devices></domain>`;
      expect((await cluster.api.run({ OP_ID: 'OP_VM_DEFINE', xml, node: 'hv1' })).status).toBe('success');
      const held = { code: 'wrong_state', message: expect.stringContaining(`VM "${name}"`) };
      const snapshot = storage(`/volume/snapshot/${pool}/${volume()}`);
      expect((await cluster.api.doing('DELETE', `${snapshot}/s1`)).body).toMatchObject(held);
      expect((await cluster.api.doing('PUT', `${snapshot}/s1`, { new_name: 's9' })).body).toMatchObject(held);
      expect((await cluster.api.doing('DELETE', storage(`/volume/${pool}/${volume()}`))).body).toMatchObject({ code: 'wrong_state' });
      await done('POST', storage('/volume/snapshot'), { pool, volume: volume(), snapshot: 's2' });
      await done('DELETE', `${snapshot}/s2`);
      expect(await ceph.rbd('snap', 'ls', `${pool}/${volume()}`)).toContain('s1');
      const { opresult } = await cluster.api.run({ OP_ID: 'OP_VM_UNDEFINE', vm: name, delete_disks: true });
      expect(opresult).toMatchObject([{ volumes: [], kept: [{ name: `${pool}/${volume()}@s1`, why: 'it is a snapshot' }] }]);
      expect(await ceph.rbd('ls', pool)).toBe(volume());
    });

    await chapter('sees its disk grow while it runs, and is removed with it only when it is stopped', async () => {
      await guest.says(`disk has ${(16 * MIB) / 512} sectors`);
      await done('PUT', storage(`/volume/${pool}/${volume()}`), { size: '32M' });
      await guest.says(`disk has ${(32 * MIB) / 512} sectors`);
      const refused = await cluster.api.doing('DELETE', `${guest.path}?delete_disks=true`);
      expect(refused.body).toMatchObject({ code: 'wrong_state' });
      await stop();
      const { message } = await done('DELETE', `${guest.path}?delete_disks=true`);
      expect(message).toBe(`Removed VM "${guest.name}" and disks from the cluster.`);
      expect(await ceph.rbd('ls', pool)).toBe('');
      expect((await cluster.api.call('GET', guest.path)).status).toBe(404);
    });
  });
});
