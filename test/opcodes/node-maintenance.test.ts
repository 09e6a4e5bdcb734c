// Emptying a node and putting it back to service: every VM by a job of its own, whatever becomes of the workers meanwhile.
import { expect, it } from 'vitest';
import type { JobRecord } from '../../schemas/job.js';
import { NODE_REPORTS, nodeDocuments } from '../../src/cluster/node-documents.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import type { StepContext } from '../../workers/engine/opcode.js';
import { opcodes } from '../../workers/opcodes/registry.js';
import { startCluster } from '../harness/cluster.js';
import { addGuest, newGuest, type Guest, type GuestWish } from '../harness/guests.js';
import { intervene, type Moment } from '../harness/interventions.js';
import { redisForFile } from '../harness/redis-for-file.js';
import { standstill } from '../harness/standstill.js';
import { patience } from '../lab/patience.js';

const redis = redisForFile();

interface NodeResult {
  node: string;
  domain_state: string;
  vms: { uuid: string; name: string; job: number | null; node: string; error: string | null }[];
}

const resultOf = (record: JobRecord) => record.opresult[0] as NodeResult;
const textsOf = (record: JobRecord | undefined) => (record?.oplog[0] ?? []).map(([, , , text]) => text);
const flush = (node = 'hv1') => ({ OP_ID: 'OP_NODE_FLUSH', node });
const ready = (node = 'hv1') => ({ OP_ID: 'OP_NODE_READY', node });

async function cluster(nodes = ['hv1', 'hv2', 'hv3']) {
  const started = await startCluster({ redisUrl: redis().url, nodes });
  const wrapped = intervene(opcodes);
  const { desk, store, vms, world } = started;
  return {
    ...started,
    nodes: nodeDocuments(store),
    addWorker: () => started.addWorker({ opcodes: wrapped.opcodes }),
    /** What happens at that moment of each of the jobs. */
    at: (jobs: number[], moment: Moment, act: (context: StepContext) => Promise<void>) => {
      for (const job of jobs) wrapped.in.set(job, { at: { [moment]: act } });
    },
    async guest(name: string, wish: GuestWish = { state: 'start' }): Promise<Guest> {
      const guest = newGuest(name);
      await addGuest(started, guest, wish);
      return guest;
    },
    /** More memory than any node has. */
    async grow({ uuid }: Guest): Promise<void> {
      await vms.update(uuid, (vm) => ({ ...vm, memory: 2_000_000 }));
    },
    domainState: async (node = 'hv1') => (await nodeDocuments(store).get(node)).domain_state,
    nodeOf: async ({ uuid }: Guest) => (await vms.get(uuid)).node,
    /** The nodes on which the guest runs. */
    whereRuns: ({ uuid }: Guest) =>
      Object.entries(world.snapshot()).flatMap(([node, all]) =>
        all.some((domain) => domain.uuid === uuid && domain.running !== null) ? [node] : [],
      ),
    childrenOf: async (parent: number) => (await desk.list({ parent, limit: 1000 })).jobs.toReversed(),
  };
}

const failed = (errorClass: string, text: RegExp) => ['error', [['OpPrereqError', [expect.stringMatching(text), errorClass]]]];
const outcome = ({ status, opresult }: JobRecord) => [status, opresult];

it('moves every running VM away, and says why one was not', async () => {
  const { addWorker, guest, grow, run, domainState, whereRuns, vms, childrenOf } = await cluster();
  await addWorker();
  const guests = [await guest('web3'), await guest('web1'), await guest('web2'), await guest('home')];
  const big = await guest('big');
  const [down, elsewhere] = [await guest('down', { state: 'stop' }), await guest('elsewhere', { state: 'start', node: 'hv2' })];
  await grow(big);
  await vms.update(guests[3]?.uuid ?? '', (vm) => ({ ...vm, last_node: 'hv9' }));
  const record = await run(flush(), { user: 'alice' });
  expect(record.status).toBe('success');
  expect(resultOf(record)).toMatchObject({ node: 'hv1', domain_state: 'flush', left: [big] });
  expect(await domainState()).toBe('flush');
  expect(resultOf(record).vms.map(({ name }) => name)).toEqual(['big', 'home', 'web1', 'web2', 'web3']);
  expect(resultOf(record).vms[0]).toMatchObject({
    uuid: big.uuid,
    node: 'hv1',
    error: expect.stringContaining('"hv2" has'),
    job: expect.any(Number),
  });
  for (const { uuid, name } of guests) {
    const { node, last_node, state } = await vms.get(uuid);
    expect(resultOf(record).vms.find((vm) => vm.uuid === uuid)).toMatchObject({ name, node, error: null });
    expect([state, last_node, whereRuns({ uuid, name })]).toEqual(['start', name === 'home' ? 'hv9' : 'hv1', [node]]);
  }
  expect([whereRuns(big), whereRuns(elsewhere), whereRuns(down)]).toEqual([['hv1'], ['hv2'], []]);
  expect(await childrenOf(record.id)).toHaveLength(5);
  expect((await childrenOf(record.id)).map(({ id, user, summary }) => [id, user, summary[0]])).toContainEqual([
    resultOf(record).vms[0]?.job,
    'alice',
    `VM_MIGRATE(${big.uuid})`,
  ]);
  expect(textsOf(record)).toHaveLength(6);
  expect(textsOf(record)).toContainEqual('node "hv1" is not empty: "big"');
  expect(textsOf(record)).toContainEqual(expect.stringMatching(/^VM "web1" is on hv[23] now \(job \d+\)$/));
  expect(textsOf(record)).toContainEqual(expect.stringMatching(/^VM "big" was not moved: no node can take the VM.*\(job \d+\)$/));
});

it('moves two at a time, and tells how far it is', async () => {
  const { addWorker, guest, submit, end, desk, at } = await cluster();
  const { hold, letGo, jobs: standing } = standstill('at once');
  for (const name of ['a', 'b', 'c', 'd', 'e']) await guest(name);
  const parent = await submit(flush());
  at([parent + 1, parent + 3, parent + 4, parent + 5], 'run 0 before', hold);
  await addWorker();
  await expect.poll(() => [...standing].length).toBe(2);
  const half = await desk.waitFor(parent, ({ progress }) => progress[0]?.fraction != null, patience(30_000));
  expect(half?.progress[0]).toMatchObject({ done: 1, total: 3, fraction: 0.2, figures: { done: 1, total: 5 } });
  expect(half?.children).toEqual([parent + 1, parent + 2, parent + 3]);
  letGo();
  expect((await end(parent)).progress[0]).toMatchObject({ done: 3, total: 3, fraction: null });
});

it('goes on with the same jobs when its worker dies in the middle', async () => {
  const { addWorker, guest, submit, end, at, childrenOf, whereRuns, domainState } = await cluster();
  const { hold, letGo, jobs: standing } = standstill('at once');
  const guests = [];
  for (const name of ['a', 'b', 'c', 'd', 'e']) guests.push(await guest(name));
  const parent = await submit(flush());
  at([parent + 2, parent + 3], 'run 2 before', hold);
  const doomed = await addWorker();
  await expect.poll(() => [...standing].length).toBe(2);
  await doomed.die();
  letGo();
  await addWorker();
  const record = await end(parent, 60_000);
  expect(record.status).toBe('success');
  expect(resultOf(record).vms.map(({ name, error }) => [name, error])).toEqual(['a', 'b', 'c', 'd', 'e'].map((name) => [name, null]));
  const children = await childrenOf(parent);
  expect(children).toHaveLength(guests.length);
  expect(new Map(children.map(({ ops, status }) => [ops[0]?.['vm'], status]))).toEqual(
    new Map(guests.map(({ uuid }) => [uuid, 'success'])),
  );
  expect(record.children).toEqual(children.map(({ id }) => id));
  for (const one of guests) expect(whereRuns(one)).toEqual([expect.stringMatching(/^hv[23]$/)]);
  expect(await domainState()).toBe('flushed');
});

it('leaves what has moved and restores the node when it is cancelled in the middle', async () => {
  const { addWorker, guest, submit, at, desk, childrenOf, nodeOf, whereRuns, domainState } = await cluster();
  const { hold, jobs: standing } = standstill('at once');
  const guests = [];
  for (const name of ['a', 'b', 'c', 'd']) guests.push(await guest(name));
  const parent = await submit(flush());
  at([parent + 2, parent + 3], 'run 1 after', hold);
  await addWorker();
  await expect.poll(() => [...standing].length).toBe(2);
  expect(await domainState()).toBe('flush');
  expect(await desk.cancel(parent, patience(30_000))).toEqual([true, 'Job successfully cancelled']);
  expect((await childrenOf(parent)).map(({ status }) => status)).toEqual(['success', 'canceled', 'canceled']);
  expect(await domainState()).toBe('ready');
  const nodes = await Promise.all(guests.map((one) => nodeOf(one)));
  expect(nodes.filter((node) => node === 'hv1')).toHaveLength(3);
  expect(guests.map((one) => whereRuns(one))).toEqual(nodes.map((node) => [node]));
});

it('restores the node when its last step fails', async () => {
  const { addWorker, guest, submit, end, at, domainState, nodeOf } = await cluster();
  const web1 = await guest('web1');
  const parent = await submit(flush());
  at([parent], 'run 2 after', async () => {
    throw new ClassifiedError('environment_error', 'as planned');
  });
  await addWorker();
  expect(outcome(await end(parent))).toEqual(['error', [['OpExecError', ['as planned', 'environment_error']]]]);
  expect([await domainState(), await nodeOf(web1)]).toEqual(['ready', expect.stringMatching(/^hv[23]$/)]);
});

it('waits for another one of the same node, and finds nothing left to do', async () => {
  const { addWorker, guest, submit, end, at, desk } = await cluster();
  const { hold, letGo, jobs: standing } = standstill('at once');
  await guest('web1');
  const [first, second] = [await submit(flush()), await submit(flush())];
  at([second + 1], 'run 0 before', hold);
  await addWorker();
  await expect.poll(() => [...standing].length).toBe(1);
  const logs = async () => (await Promise.all([first, second].map((job) => desk.read(job)))).flatMap(textsOf);
  await expect.poll(logs).toEqual([expect.stringContaining('waits for node-maintenance/hv1')]);
  letGo();
  const records = [await end(first), await end(second)];
  expect(records.map(({ status }) => status)).toEqual(['success', 'success']);
  expect(new Set(records.map((record) => resultOf(record).vms.length))).toEqual(new Set([0, 1]));
  expect(new Set(records.map(({ progress }) => progress[0]?.total))).toEqual(new Set([0, 3]));
});

it('takes along what comes in late, and leaves alone what has gone', async () => {
  const { addWorker, guest, submit, end, at, vms, run, nodeOf, world, desk } = await cluster();
  const { hold, letGo, jobs: standing } = standstill('at once');
  const [, , gone] = [await guest('a'), await guest('b'), await guest('c')];
  const coming = await guest('coming', { state: 'start', node: 'hv2' });
  await vms.update(coming.uuid, (vm) => ({ ...vm, state: 'migrate', target_node: 'hv1' }));
  const parent = await submit(flush());
  at([parent + 1, parent + 2], 'run 0 before', hold);
  await addWorker();
  await expect.poll(() => [...standing].length).toBe(2);
  const late = await guest('late');
  expect((await run({ OP_ID: 'OP_VM_STOP', vm: 'c' })).status).toBe('success');
  letGo();
  const waits = ({ oplog }: JobRecord) => oplog[0]?.some(([, , , text]) => text.includes('"coming", which is on its way here')) === true;
  expect(await desk.waitFor(parent, waits, patience(30_000))).toBeDefined();
  // It arrives.
  const hypervisor = await world.hypervisors.on('hv1');
  await (await world.hypervisors.on('hv2')).destroy(coming.uuid);
  await (await world.hypervisors.on('hv2')).undefine(coming.uuid);
  await hypervisor.define((await vms.get(coming.uuid)).xml);
  await hypervisor.start(coming.uuid);
  await vms.update(coming.uuid, (vm) => ({ ...vm, state: 'start', node: 'hv1', last_node: '', target_node: '' }));
  const record = await end(parent);
  expect(resultOf(record).vms.map(({ name, error, job }) => [name, error, job === null])).toEqual([
    ['a', null, false],
    ['b', null, false],
    ['c', null, true],
    ['coming', null, false],
    ['late', null, false],
  ]);
  for (const one of [late, coming]) expect(await nodeOf(one)).toMatch(/^hv[23]$/);
  expect(await nodeOf(gone)).toBe('hv1');
});

it('plans in a dry run, each VM with those before it counted in, and touches nothing', async () => {
  const { addWorker, guest, grow, run, vms, snapshot } = await cluster();
  await addWorker();
  const guests = [await guest('a'), await guest('b'), await guest('c'), await guest('d')];
  const big = await guest('big');
  await grow(big);
  // Two of these fill a node.
  for (const { uuid } of guests) await vms.update(uuid, (vm) => ({ ...vm, memory: 500_000 }));
  const before = await snapshot();
  const record = await run(flush(), { dryRun: true });
  const { locks, facts, steps } = record.opresult[0] as { locks: unknown; facts: { vms: Record<string, string>[] }; steps: string[] };
  expect(locks).toEqual([['node-maintenance/hv1', 'exclusive']]);
  expect(steps).toEqual(['record that hv1 is flush', 'migrate the VMs of hv1 away', 'record that hv1 is flushed']);
  expect(facts.vms.map(({ name }) => name)).toEqual(['a', 'b', 'big', 'c', 'd']);
  expect(facts.vms.flatMap(({ to }) => to ?? []).toSorted()).toEqual(['hv2', 'hv2', 'hv3', 'hv3']);
  expect(facts.vms[2]).toMatchObject({ blocked: expect.stringContaining('no node can take the VM') });
  expect(await snapshot()).toEqual(before);
  expect(record.children).toEqual([]);
});

it('brings the VMs back when the node is ready again, except those that cannot', async () => {
  const { addWorker, guest, run, grow, domainState, whereRuns, vms, store } = await cluster();
  // Each sees the cluster in its own time.
  await Promise.all([addWorker(), addWorker(), addWorker()]);
  const guests = [await guest('a'), await guest('b'), await guest('c')];
  const [stopped, stuck] = [await guest('stopped'), await guest('stuck')];
  expect((await run(flush())).status).toBe('success');
  expect((await run({ OP_ID: 'OP_VM_STOP', vm: 'stopped' })).status).toBe('success');
  await grow(stuck);
  const dry = await run(ready(), { dryRun: true });
  expect(dry.opresult).toMatchObject([{ steps: ['record that hv1 is unflush', 'bring the VMs of hv1 back', 'record that hv1 is ready'] }]);
  const record = await run(ready());
  expect(record.status).toBe('success');
  expect(resultOf(record)).toMatchObject({ node: 'hv1', domain_state: 'ready' });
  expect(resultOf(record).vms.map(({ name, node, error }) => [name, node === 'hv1', error === null])).toEqual([
    ['a', true, true],
    ['b', true, true],
    ['c', true, true],
    ['stopped', true, true],
    ['stuck', false, false],
  ]);
  expect(await domainState()).toBe('ready');
  for (const one of guests) {
    expect(whereRuns(one)).toEqual(['hv1']);
    expect((await vms.get(one.uuid)).last_node).toBe('');
  }
  expect(await vms.get(stopped.uuid)).toMatchObject({ state: 'stop', node: 'hv1', last_node: '' });
  expect(await vms.get(stuck.uuid)).toMatchObject({ state: 'start', last_node: 'hv1' });
  await vms.update(stuck.uuid, (vm) => ({ ...vm, last_node: '' }));
  const again = await run(ready());
  expect([again.status, again.progress[0]?.total, resultOf(again)]).toEqual([
    'success',
    0,
    { node: 'hv1', domain_state: 'ready', vms: [] },
  ]);

  await store.discard(`${NODE_REPORTS}/hv1`);
  for (const op of [flush(), ready()]) expect(outcome(await run(op))).toEqual(failed('wrong_state', /"hv1" is not running/));
  for (const op of [flush('hv9'), ready('hv9')]) expect(outcome(await run(op))).toEqual(failed('unknown_entity', /"hv9" does not exist/));
});
