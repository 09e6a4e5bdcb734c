// The life of a VM on real libvirt and QEMU, all of it through HTTP, and seen past rapid too.
import { afterEach, beforeEach, expect } from 'vitest';
import { describeReal } from '../drivers/real-or-skipped.js';
import { GUEST_SAYS } from '../lab/guest.js';
import { logOf } from './api-client.js';
import { startCluster, type RealCluster } from './real-cluster.js';
import type { RealGuest } from './real-guest.js';
import { missingLab } from './real-lab.js';
import { story } from './story.js';
import { guestPids, nodesWith, virsh } from './virsh.js';

const memoryOf = (dominfo: string): number => Number(/Max memory:\s*(\d+)/.exec(dominfo)?.[1]) / 1024;

describeReal('the life of a VM', missingLab(), () => {
  let cluster: RealCluster;
  let vm: RealGuest;
  beforeEach(async () => {
    cluster = await startCluster({ name: 'life' });
    vm = cluster.guest('life');
  });
  afterEach(() => cluster.close());

  const whereabouts = () => nodesWith(cluster.nodes, vm.uuid);
  const seen = async () => (await cluster.api.call('GET', vm.path)).body;
  const setState = (state: string) => cluster.api.doing('POST', vm.statePath, { state });

  story('from its definition to its removal', async (chapter) => {
    await chapter('define: the cluster knows it, the hypervisors do not yet', async () => {
      const { status, body } = await cluster.api.doing('POST', '/api/v1/vm', { xml: vm.xml(), node: 'hv1' });
      expect([status, body.result]).toEqual([200, { uuid: vm.uuid, name: vm.name, node: 'hv1' }]);
      expect(await seen()).toMatchObject({ uuid: vm.uuid, state: 'stop', node: 'hv1', memory: 96, xml: vm.xml() });
      expect(await whereabouts()).toEqual([]);
    });

    await chapter('a dry run of the start says what would be done and does nothing', async () => {
      const { status, body } = await cluster.api.doing('POST', vm.statePath, { state: 'start', dry_run: true });
      expect([status, body.result.steps]).toEqual([200, ['reserve room on hv1', 'create the domain on hv1']]);
      expect(await whereabouts()).toEqual([]);
      expect((await seen()).state).toBe('stop');
    });

    await chapter('start: the guest boots, and VM and node say so', async () => {
      const before = (await cluster.api.call('GET', '/api/v1/node/hv1')).body;
      expect((await setState('start')).status).toBe(200);
      await vm.up();
      expect([await whereabouts(), guestPids(vm.uuid).length]).toEqual([['hv1'], 1]);
      expect(await seen()).toMatchObject({ state: 'start', node: 'hv1', failed_reason: '' });
      await expect
        .poll(async () => (await cluster.api.call('GET', '/api/v1/node/hv1')).body)
        .toMatchObject({
          daemon_state: 'run',
          running_domains: expect.arrayContaining([vm.uuid]),
          vcpu: { allocated: before.vcpu.allocated + 1 },
        });
      const after = (await cluster.api.call('GET', '/api/v1/node/hv1')).body;
      expect(after.memory.allocated).toBe(before.memory.allocated + 96);
      expect(after.qemu_version).toMatch(/^\d+\.\d+\.\d+$/);
      expect(after.memory.total).toBeGreaterThan(after.memory.free);
    });

    await chapter('start of what runs is fine and starts nothing', async () => {
      const [pid] = guestPids(vm.uuid);
      expect((await setState('start')).status).toBe(200);
      expect(guestPids(vm.uuid)).toEqual([pid]);
    });

    await chapter('modify while it runs: the guest goes on with what it has', async () => {
      const { status, body } = await cluster.api.doing('PUT', vm.path, { xml: vm.xml({ memoryMib: 112 }) });
      expect([status, body.result]).toEqual([200, { uuid: vm.uuid, name: vm.name, restarted: false }]);
      expect((await seen()).memory).toBe(112);
      expect([memoryOf(await virsh(cluster.node('hv1'), 'dominfo', vm.uuid)), await vm.boots()]).toEqual([96, 1]);
    });

    await chapter('modify with a restart: it comes up once more, with the new memory', async () => {
      const { status, body } = await cluster.api.doing('PUT', vm.path, { xml: vm.xml({ memoryMib: 128 }), restart: true });
      expect([status, body.result?.restarted]).toEqual([200, true]);
      await vm.up(2);
      expect(memoryOf(await virsh(cluster.node('hv1'), 'dominfo', vm.uuid))).toBe(128);
      expect(await seen()).toMatchObject({ memory: 128, state: 'start' });
    });

    await chapter('restart', async () => {
      const { status, body } = await setState('restart');
      expect([status, body.result]).toEqual([200, { uuid: vm.uuid, state: 'start', forced: false }]);
      await vm.up(3);
      expect([(await seen()).state, guestPids(vm.uuid).length]).toEqual(['start', 1]);
    });

    await chapter('shutdown: the guest powers off by itself', async () => {
      const job = await cluster.api.end((await cluster.api.call('POST', vm.statePath, { state: 'shutdown' })).body.job);
      expect(job.opresult).toEqual([{ uuid: vm.uuid, state: 'stop', forced: false }]);
      expect(logOf(job)).toContain('has powered off');
      await vm.says(GUEST_SAYS.powerButton);
      expect([(await seen()).state, await whereabouts(), guestPids(vm.uuid)]).toEqual(['stop', [], []]);
    });

    await chapter(
      'modify while it is off, to a guest that ignores its power button: a shutdown with little patience cuts its power',
      async () => {
        expect((await cluster.api.doing('PUT', vm.path, { xml: vm.xml({ variant: 'deaf' }) })).status).toBe(200);
        expect((await setState('start')).status).toBe(200);
        await vm.up(4);
        const begunMs = performance.now();
        const job = await cluster.api.run({ OP_ID: 'OP_VM_SHUTDOWN', vm: vm.name, timeout: 2 });
        expect(performance.now() - begunMs).toBeGreaterThan(2000);
        expect(job.opresult).toEqual([{ uuid: vm.uuid, state: 'stop', forced: true }]);
        expect(logOf(job)).toContain('did not power off within 2 s; its power was cut');
        expect([(await seen()).state, await whereabouts()]).toEqual(['stop', []]);
      },
    );

    await chapter('stop, disable, and what may not be done then', async () => {
      expect((await setState('start')).status).toBe(200);
      const refused = await setState('disable');
      expect([refused.status, refused.body.code]).toEqual([409, 'wrong_state']);
      expect((await setState('stop')).status).toBe(200);
      expect([(await seen()).state, await whereabouts()]).toEqual(['stop', []]);
      expect((await setState('disable')).status).toBe(200);
      expect((await seen()).state).toBe('disable');
      expect((await setState('shutdown')).body.code).toBe('wrong_state');
    });

    await chapter('undefine, while it runs: nothing is left anywhere', async () => {
      expect((await setState('start')).status).toBe(200);
      const { status, body } = await cluster.api.doing('DELETE', vm.path);
      expect([status, body.result]).toEqual([200, { uuid: vm.uuid, name: vm.name, volumes: [], kept: [] }]);
      expect([await whereabouts(), guestPids(vm.uuid)]).toEqual([[], []]);
      expect((await cluster.api.call('GET', vm.path)).status).toBe(404);
      expect(await cluster.locksOfJobs()).toEqual([]);
    });
  });
});
