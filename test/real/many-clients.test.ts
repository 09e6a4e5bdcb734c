// Many clients at once, two workers side by side, and names in every script.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeReal } from '../drivers/real-or-skipped.js';
import { startCluster, type RealCluster } from './real-cluster.js';
import { missingLab } from './real-lab.js';
import { nodesWith, virsh } from './virsh.js';

const CLIENTS = 20;

describeReal('many clients and two workers', missingLab(), () => {
  let cluster: RealCluster;
  beforeAll(async () => void (cluster = await startCluster({ name: 'clients', workers: 2 })));
  afterAll(() => cluster?.close());

  /** How the definitions ended when all were asked for at once: what the winner got, and what all the others were told. */
  async function race(xmls: string[]) {
    const replies = await Promise.all(xmls.map((xml) => cluster.api.doing('POST', '/api/v1/vm', { xml })));
    const won = replies.filter(({ status }) => status === 200);
    return {
      won,
      codes: [...new Set(replies.filter((reply) => !won.includes(reply)).map(({ status, body }) => `${status} ${body.code}`))],
    };
  }

  test('twenty that define the same name at once: there is one VM', async () => {
    const { name, xml } = cluster.guest('same-name');
    const { won, codes } = await race(
      Array.from({ length: CLIENTS }, () => xml().replace(/<uuid>.*<\/uuid>/, `<uuid>${randomUUID()}</uuid>`)),
    );
    expect([won.length, codes]).toEqual([1, ['409 already_exists']]);
    const { body } = await cluster.api.call('GET', `/api/v1/vm?limit=^${name}$`);
    expect(body.map(({ uuid }: { uuid: string }) => uuid)).toEqual([won[0]?.body.result.uuid]);
  });

  test('twenty that define the same UUID under other names at once: there is one VM', async () => {
    const { name, uuid, xml } = cluster.guest('same-uuid');
    const { won, codes } = await race(Array.from({ length: CLIENTS }, (_, index) => xml().replace(name, `${name}-${index}`)));
    expect([won.length, codes]).toEqual([1, ['409 already_exists']]);
    const { body } = await cluster.api.call('GET', `/api/v1/vm?limit=^${name}`);
    expect(body.map((vm: { name: string; uuid: string }) => [vm.name, vm.uuid])).toEqual([[won[0]?.body.result.name, uuid]]);
  });

  test('both workers take jobs, and the node figures add up', async () => {
    const vms = await Promise.all(Array.from({ length: 6 }, (_, index) => cluster.defined(`pair${index}`)));
    const jobs = await Promise.all(vms.map(({ name }) => cluster.api.submit({ OP_ID: 'OP_TEST_DELAY', duration: 2, lock: [name] })));
    const workers = new Set<string>();
    await expect
      .poll(async () => {
        for (const { holders } of await cluster.locksOfJobs()) for (const { worker } of holders) workers.add(worker);
        return [...workers].toSorted();
      })
      .toEqual(['w1', 'w2']);
    for (const job of jobs) expect((await cluster.api.end(job)).status).toBe('success');
    const nodes = (await cluster.api.call('GET', '/api/v1/node')).body as { memory: { provisioned: number } }[];
    const all = (await cluster.api.call('GET', '/api/v1/vm')).body as { memory: number }[];
    const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);
    expect(sum(nodes.map(({ memory }) => memory.provisioned))).toBe(sum(all.map(({ memory }) => memory)));
  });

  test.each(['été', '虚拟机', 'جهاز'])('a VM called %s', async (base) => {
    const vm = await cluster.running(base);
    const { body } = await cluster.api.call('GET', vm.path);
    expect(body).toMatchObject({ name: vm.name, uuid: vm.uuid, state: 'start' });
    expect(await nodesWith(cluster.nodes, vm.uuid)).toEqual([body.node]);
    expect((await virsh(cluster.node(body.node), 'domname', vm.uuid)).trim()).toBe(vm.name);
    const list = await cluster.api.call('GET', `/api/v1/vm?limit=${encodeURIComponent(base)}`);
    expect(list.body.map(({ name }: { name: string }) => name)).toEqual([vm.name]);
    const { body: stopped } = await cluster.api.doing('POST', vm.statePath, { state: 'stop' });
    expect(stopped).toMatchObject({ message: `Forcibly stopping VM "${vm.name}".`, result: { state: 'stop' } });
    expect((await cluster.api.doing('DELETE', vm.path)).body.result).toEqual({ uuid: vm.uuid, name: vm.name, volumes: [], kept: [] });
    expect(await nodesWith(cluster.nodes, vm.uuid)).toEqual([]);
  });
});
