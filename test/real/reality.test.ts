// What happens to guests past rapid: the cluster's state follows within seconds, and nobody has asked for anything.
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeReal } from '../drivers/real-or-skipped.js';
import { durationMs } from '../harness/stalls.js';
import { GUEST_SAYS } from '../lab/guest.js';
import { patience } from '../lab/patience.js';
import { until } from '../lab/until.js';
import { startCluster, type RealCluster } from './real-cluster.js';
import type { RealGuest } from './real-guest.js';
import { missingLab } from './real-lab.js';
import { guestPids, nodesWith, virsh } from './virsh.js';

const FOLLOWS_WITHIN_MS = 5000;

describeReal('what happens to guests by itself or by hand', missingLab(), () => {
  let cluster: RealCluster;
  beforeAll(async () => void (cluster = await startCluster({ name: 'reality' })));
  afterAll(() => cluster?.close());

  const isOver = (vm: RealGuest) =>
    until(`the end of the guest ${vm.name}`, () => guestPids(vm.uuid).length === 0, { within: 40_000, every: 20 });

  /** From now on the state has to follow. */
  async function follows(vm: RealGuest, state: string): Promise<void> {
    const tookMs = await durationMs(() => expect.poll(() => cluster.stateOf(vm)).toBe(state));
    console.info(`"${state}" of ${vm.name} was seen after ${tookMs} ms`);
    expect(tookMs).toBeLessThan(FOLLOWS_WITHIN_MS);
  }

  const nowhere = (vm: RealGuest) => expect.poll(() => nodesWith(cluster.nodes, vm.uuid)).toEqual([]);
  const failedReason = async (vm: RealGuest) => (await cluster.api.call('GET', vm.path)).body.failed_reason;

  test('a guest that powers itself off is stopped, and can be started again', async () => {
    const vm = await cluster.running('off', 'hv1', { variant: { poweroffAfter: 2 } });
    await isOver(vm);
    await follows(vm, 'stop');
    await vm.says(GUEST_SAYS.powersItselfOff);
    await nowhere(vm);
    expect((await cluster.api.doing('POST', vm.statePath, { state: 'start' })).status).toBe(200);
    await vm.up(2);
  });

  const startsByWatcher = async (vm: RealGuest) =>
    (await cluster.api.call('GET', `/jobs?bulk=true&user=watcher&resource=vm/${vm.uuid}`)).body.map(
      ({ status, reason }: { status: string; reason: string }) => [status, reason],
    );

  test('a guest that crashes is started again; one that does so again and again has failed', { timeout: patience(300_000) }, async () => {
    const vm = await cluster.running('panic', 'hv1', { variant: { panicAfter: 2 } });
    await expect.poll(() => cluster.stateOf(vm), { timeout: patience(240_000), interval: 200 }).toBe('fail');
    expect(await failedReason(vm)).toBe('the guest crashed on hv1 4 times within 10 minutes');
    expect([await vm.boots(), await startsByWatcher(vm)]).toEqual([4, [1, 2, 3].map(() => ['success', 'watcher'])]);
    await vm.says(GUEST_SAYS.panics);
    await nowhere(vm);
    expect((await cluster.api.doing('POST', vm.statePath, { state: 'start' })).status).toBe(200);
    await expect.poll(() => failedReason(vm), { interval: 20 }).toBe('');
  });

  test('a guest whose QEMU is killed is started again', async () => {
    const vm = await cluster.running('killed', 'hv2');
    process.kill(Number(readFileSync(join(cluster.node('hv2').description.dir, 'run', 'qemu', `${vm.name}.pid`), 'utf8')), 'SIGKILL');
    await vm.up(2);
    expect(await startsByWatcher(vm)).toEqual([['success', 'watcher']]);
    expect(await cluster.stateOf(vm)).toBe('start');
  });

  test('virsh start and virsh destroy by hand', async () => {
    const vm = await cluster.defined('by-hand', 'hv2');
    const file = join(cluster.dir, `${vm.name}.xml`);
    await writeFile(file, vm.xml());
    await virsh(cluster.node('hv2'), 'define', file);
    await virsh(cluster.node('hv2'), 'start', vm.uuid);
    await follows(vm, 'start');
    await virsh(cluster.node('hv2'), 'destroy', vm.uuid);
    await follows(vm, 'stop');
    await nowhere(vm);
  });

  test('a domain that was created by hand and is none of the cluster stays as it is', async () => {
    const stranger = cluster.guest('stranger');
    const file = join(cluster.dir, `${stranger.name}.xml`);
    await writeFile(file, stranger.xml());
    await virsh(cluster.node('hv1'), 'define', file);
    const known = await cluster.running('known', 'hv1');
    await virsh(cluster.node('hv1'), 'destroy', known.uuid);
    // The agent has looked at all domains by then.
    await follows(known, 'stop');
    expect(await nodesWith(cluster.nodes, stranger.uuid)).toEqual(['hv1']);
    expect((await cluster.api.call('GET', stranger.path)).status).toBe(404);
  });
});
