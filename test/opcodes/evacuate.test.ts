// VMs of a node that is dead are started elsewhere, once each, and never while anything of the node answers.
import { expect, it } from 'vitest';
import type { JobRecord } from '../../schemas/job.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { NODE_REPORTS, nodeDocuments, reportNode } from '../../src/cluster/node-documents.js';
import { opcodes } from '../../workers/opcodes/registry.js';
import { nodeReport, startCluster } from '../harness/cluster.js';
import { addGuest, newGuest, type Guest, type GuestWish } from '../harness/guests.js';
import { intervene, type Moment } from '../harness/interventions.js';
import { redisForFile } from '../harness/redis-for-file.js';

const redis = redisForFile();
const YES = { yes_i_really_mean_it: true };

async function cluster(nodes = ['hv1', 'hv2', 'hv3']) {
  const started = await startCluster({ redisUrl: redis().url, nodes });
  const { store, world, vms, run, submit } = started;
  const wrapped = intervene(opcodes);
  return {
    ...started,
    nodes: nodeDocuments(store),
    addWorker: () => started.addWorker({ opcodes: wrapped.opcodes }),
    /** What happens at that moment of the job. */
    at: (job: number, moment: Moment, act: () => Promise<void>) => wrapped.in.set(job, { at: { [moment]: act } }),
    async guest(name: string, wish: GuestWish = { state: 'start' }): Promise<Guest> {
      const guest = newGuest(name);
      await addGuest(started, guest, wish);
      return guest;
    },
    silenceAgent: async (node: string) => await store.discard(`${NODE_REPORTS}/${node}`),
    async kill(node: string): Promise<void> {
      await store.discard(`${NODE_REPORTS}/${node}`);
      await world.node(node).power(false);
    },
    evacuateNode: async (node: string) => await run({ OP_ID: 'OP_NODE_EVACUATE', node, ...YES }),
    evacuate: async (vm: string, more: Record<string, unknown> = {}) => await run({ OP_ID: 'OP_VM_EVACUATE', vm, ...YES, ...more }),
    submitEvacuation: async (vm: string) => await submit({ OP_ID: 'OP_VM_EVACUATE', vm, ...YES }),
    /** The nodes on which the guest runs. */
    whereRuns: ({ uuid }: Guest) =>
      Object.entries(world.snapshot()).flatMap(([node, all]) =>
        all.some((domain) => domain.uuid === uuid && domain.running !== null) ? [node] : [],
      ),
    async placeOf({ uuid }: Guest) {
      const { state, node, last_node, target_node } = await vms.get(uuid);
      return { state, node, last_node, target_node };
    },
  };
}

const failed = (errorClass: string, text: RegExp) => ['error', [['OpPrereqError', [expect.stringMatching(text), errorClass]]]];
const outcome = ({ status, opresult }: JobRecord) => [status, opresult];

it('is refused before it is queued without the word', async () => {
  const { submit } = await cluster();
  for (const dryRun of [false, true]) {
    for (const op of [
      { OP_ID: 'OP_NODE_EVACUATE', node: 'hv1' },
      { OP_ID: 'OP_VM_EVACUATE', vm: 'web1' },
    ]) {
      const refusal = { errorClass: 'wrong_input', faults: [{ pointer: '/ops/0/yes_i_really_mean_it' }] };
      await expect(submit(op, { dryRun })).rejects.toMatchObject(refusal);
      await expect(submit({ ...op, yes_i_really_mean_it: false }, { dryRun })).rejects.toMatchObject(refusal);
    }
  }
});

it('is refused while the agent of the node reports, or its libvirt answers', async () => {
  const { addWorker, guest, evacuate, evacuateNode, silenceAgent, snapshot, world } = await cluster();
  await addWorker();
  await guest('web1');
  const before = await snapshot();
  const both = async () => [outcome(await evacuate('web1')), outcome(await evacuateNode('hv1'))];
  const agentReports = failed('wrong_state', /"hv1" lives: its agent reports/);
  expect(await both()).toEqual([agentReports, agentReports]);
  // Its guests are out of reach: that the agent reports is enough.
  world.node('hv1').unreachable(true);
  expect(await both()).toEqual([agentReports, agentReports]);
  world.node('hv1').unreachable(false);
  await silenceAgent('hv1');
  const libvirtAnswers = failed('wrong_state', /"hv1" lives: its libvirt answers/);
  expect(await both()).toEqual([libvirtAnswers, libvirtAnswers]);
  expect(await snapshot()).toEqual(before);
});

it('is refused for what does not exist, should not run, or has no place', async () => {
  const { addWorker, guest, evacuate, evacuateNode, kill, nodes, vms } = await cluster();
  await addWorker();
  await guest('web1');
  await guest('down', { state: 'stop' });
  await kill('hv1');
  expect(outcome(await evacuateNode('hv9'))).toEqual(failed('unknown_entity', /"hv9" does not exist/));
  expect(outcome(await evacuate('web9'))).toEqual(failed('unknown_entity', /"web9" does not exist/));
  expect(outcome(await evacuate('down'))).toEqual(failed('wrong_state', /not meant to run; it is in state "stop"/));
  expect(outcome(await evacuate('web1', { node: 'hv9' }))).toEqual(failed('unknown_entity', /"hv9" does not exist/));
  expect(outcome(await evacuate('web1', { node: 'hv1' }))).toEqual(failed('wrong_state', /"hv1" is not running/));
  await nodes.update('hv2', (node) => ({ ...node, domain_state: 'flushed' }));
  expect(outcome(await evacuate('web1', { node: 'hv2' }))).toEqual(failed('wrong_state', /"hv2" is not ready/));
  const { uuid } = await vms.get('web1');
  await vms.update(uuid, (vm) => ({ ...vm, memory: 2_000_000 }));
  expect(outcome(await evacuate('web1', { node: 'hv3' }))).toEqual(failed('insufficient_resources', /"hv3" has \d+ MiB left/));
  expect(outcome(await evacuate('web1'))).toEqual(failed('insufficient_resources', /no node can take the VM/));
});

it('plans in a dry run, and touches nothing', async () => {
  const { addWorker, guest, run, kill, vms, snapshot, desk } = await cluster();
  await addWorker();
  const [one, big] = [await guest('a'), await guest('big')];
  await guest('down', { state: 'stop' });
  await vms.update(big.uuid, (vm) => ({ ...vm, memory: 2_000_000 }));
  await kill('hv1');
  const before = await snapshot();
  const record = await run({ OP_ID: 'OP_NODE_EVACUATE', node: 'hv1', ...YES }, { dryRun: true });
  expect(record).toMatchObject({
    status: 'success',
    opresult: [
      {
        locks: [['node-maintenance/hv1', 'exclusive']],
        facts: {
          before: { name: 'hv1', domain_state: 'ready' },
          vms: [
            { uuid: one.uuid, name: 'a', to: expect.stringMatching(/^hv[23]$/) },
            { uuid: big.uuid, name: 'big', blocked: expect.stringContaining('no node can take the VM') },
          ],
        },
        steps: ['record that hv1 is flush', 'start the VMs of hv1 elsewhere', 'record that hv1 is flushed'],
      },
    ],
    children: [],
  });
  expect(await snapshot()).toEqual(before);
  expect((await desk.list({ limit: 10 })).jobs).toHaveLength(1);
});

it('starts every VM that should run elsewhere, once, and the node takes none when it comes back', async () => {
  const { addWorker, guest, evacuateNode, kill, placeOf, whereRuns, nodes, world, store, vms, desk } = await cluster();
  await addWorker();
  const names = Array.from({ length: 12 }, (_, index) => `web${index + 10}`);
  const guests = [];
  for (const name of names) guests.push(await guest(name));
  const [home, down, big, elsewhere] = [
    await guest('home'),
    await guest('down', { state: 'stop' }),
    await guest('zbig'),
    await guest('elsewhere', { state: 'start', node: 'hv2' }),
  ];
  await vms.update(home.uuid, (vm) => ({ ...vm, last_node: 'hv3' }));
  await vms.update(big.uuid, (vm) => ({ ...vm, memory: 2_000_000 }));
  await kill('hv1');
  const record = await evacuateNode('hv1');
  expect(record.status).toBe('success');
  const result = record.opresult[0] as { vms: { name: string; node: string; job: number; error: string | null }[] };
  expect(result).toMatchObject({ node: 'hv1', domain_state: 'flush', left: [big] });
  expect(result.vms.map(({ name }) => name)).toEqual(['home', ...names, 'zbig']);
  expect(result.vms.at(-1)).toMatchObject({ node: 'hv1', error: expect.stringContaining('no node can take the VM') });
  expect(result.vms.map(({ job }) => job).toSorted((a, b) => a - b)).toEqual(record.children);
  for (const one of guests) {
    const { node } = await vms.get(one.uuid);
    expect(['hv2', 'hv3']).toContain(node);
    expect(await placeOf(one)).toEqual({ state: 'start', node, last_node: 'hv1', target_node: '' });
    expect(whereRuns(one)).toEqual([node]);
    expect(result.vms.find(({ name }) => name === one.name)).toMatchObject({ node, error: null });
  }
  expect(await placeOf(home)).toMatchObject({ state: 'start', last_node: 'hv3' });
  expect(await placeOf(down)).toMatchObject({ state: 'stop', node: 'hv1' });
  expect(await placeOf(big)).toMatchObject({ state: 'start', node: 'hv1' });
  expect(whereRuns(elsewhere)).toEqual(['hv2']);
  expect((await nodes.get('hv1')).domain_state).toBe('flush');

  await world.node('hv1').power(true);
  await reportNode(store, 'hv1', nodeReport());
  for (const one of [home, ...guests]) expect(whereRuns(one)).toHaveLength(1);
  expect(record.oplog[0]?.map(([, , , text]) => text).filter((text) => text.includes('"zbig" was not moved'))).toHaveLength(1);
  const { jobs } = await desk.list({ parent: record.id, limit: 100 });
  expect(jobs.filter(({ status }) => status === 'success')).toHaveLength(13);
});

it('does not start a guest when its old node is back by then', async () => {
  const { addWorker, guest, submitEvacuation, at, end, kill, world, store, placeOf, whereRuns } = await cluster();
  const web1 = await guest('web1');
  const before = await placeOf(web1);
  await kill('hv1');
  const job = await submitEvacuation('web1');
  at(job, 'run 1 before', async () => {
    await world.node('hv1').power(true);
    await reportNode(store, 'hv1', nodeReport());
  });
  await addWorker();
  const text = 'node "hv1" lives: its agent reports';
  expect(outcome(await end(job))).toEqual(['error', [['OpExecError', [text, 'wrong_state']]]]);
  expect(await placeOf(web1)).toEqual(before);
  expect(whereRuns(web1)).toEqual([]);
});

it('gives the VM back when it could not be started, but not while that is uncertain', async () => {
  const { addWorker, guest, submitEvacuation, at, end, kill, world, placeOf } = await cluster(['hv1', 'hv2']);
  const [web1, web2] = [await guest('web1'), await guest('web2')];
  const before = await placeOf(web1);
  await kill('hv1');
  const failing = async () => {
    throw new ClassifiedError('environment_error', 'as planned');
  };
  const first = await submitEvacuation('web1');
  at(first, 'run 2 before', failing);
  await addWorker();
  expect(outcome(await end(first))).toEqual(['error', [['OpExecError', ['as planned', 'environment_error']]]]);
  expect(await placeOf(web1)).toEqual(before);

  const second = await submitEvacuation('web2');
  at(second, 'run 2 before', async () => {
    world.node('hv2').unreachable(true);
    await failing();
  });
  const left = 'as planned; could not undo, and left behind: "create the domain on hv2", "assign the VM to hv2"';
  expect(outcome(await end(second))).toEqual(['error', [['OpExecError', [left, 'environment_error']]]]);
  expect(await placeOf(web2)).toMatchObject({ node: 'hv2' });
});

it('takes a guest that a migration had brought away in time for what it is', async () => {
  const { addWorker, guest, evacuate, submitEvacuation, at, end, kill, vms, placeOf, whereRuns } = await cluster();
  const web1 = await guest('web1', { state: 'start', node: 'hv3' });
  await vms.update(web1.uuid, (vm) => ({ ...vm, state: 'migrate', node: 'hv1', target_node: 'hv3' }));
  await kill('hv1');
  const before = await placeOf(web1);
  const failing = await submitEvacuation('web1');
  at(failing, 'run 1 after', async () => {
    throw new ClassifiedError('environment_error', 'as planned');
  });
  await addWorker();
  expect(outcome(await end(failing))).toEqual(['error', [['OpExecError', ['as planned', 'environment_error']]]]);
  expect([await placeOf(web1), whereRuns(web1)]).toEqual([before, ['hv3']]);
  expect(outcome(await evacuate('web1', { node: 'hv2' }))).toEqual(failed('wrong_state', /runs on node "hv3" already/));
  const record = await evacuate('web1');
  expect(record.opresult).toEqual([{ uuid: web1.uuid, node: 'hv3', last_node: 'hv1', method: 'live' }]);
  expect(await placeOf(web1)).toEqual({ state: 'start', node: 'hv3', last_node: 'hv1', target_node: '' });
  expect(whereRuns(web1)).toEqual(['hv3']);
});
