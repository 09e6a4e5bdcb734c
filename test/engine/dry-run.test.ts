// Dry runs of several opcodes in one job: one that works on what an earlier one would have changed is not judged, and says so.
import { expect, it } from 'vitest';
import type { Opcode } from '../../schemas/job.js';
import { startCluster } from '../harness/cluster.js';
import { addGuest, guestXml, newGuest } from '../harness/guests.js';
import { redisForFile } from '../harness/redis-for-file.js';
import { putPool } from '../harness/storage.js';

const redis = redisForFile();

const JUDGED = { locks: expect.any(Array), facts: expect.anything(), steps: expect.any(Array) };
const op = (id: string, parameters: Record<string, unknown>): Opcode => ({ OP_ID: id, ...parameters });
const dryRun = { dryRun: true };

async function stage() {
  const cluster = await startCluster({ redisUrl: redis().url });
  const [web, mail, far] = [newGuest('web'), newGuest('mail'), newGuest('far')];
  await addGuest(cluster, web);
  await addGuest(cluster, mail);
  await addGuest(cluster, far, { node: 'hv2' });
  await putPool(cluster, 'vms');
  await cluster.addWorker();
  const untouched = await cluster.snapshot();
  return {
    web,
    mail,
    far,
    async judge(ops: Opcode[]) {
      const { status, opresult } = await cluster.run(ops, dryRun);
      expect(await cluster.snapshot()).toEqual(untouched);
      return { status, opresult };
    },
  };
}

it('is not judged what needs a thing that an earlier opcode would make', async () => {
  const { judge } = await stage();
  const made = newGuest('new');
  const define = op('OP_VM_DEFINE', { xml: guestXml(made), node: 'hv1' });
  for (const vm of [made.name, made.uuid]) {
    expect(await judge([define, op('OP_VM_START', { vm })])).toEqual({
      status: 'success',
      opresult: [JUDGED, { depends_on: [0], resources: [`vm/${vm}`] }],
    });
  }
});

it('is not judged what works on a thing that an earlier opcode would change or take away', async () => {
  const { judge, web } = await stage();
  // Under whichever of its two names either of them has it.
  const either = expect.stringMatching(`^vm/(${web.name}|${web.uuid})$`);
  for (const [first, second] of [
    [web.name, web.name],
    [web.name, web.uuid],
    [web.uuid, web.name],
  ]) {
    const { opresult } = await judge([op('OP_VM_UNDEFINE', { vm: first }), op('OP_VM_START', { vm: second })]);
    expect(opresult).toEqual([JUDGED, { depends_on: [0], resources: [either] }]);
  }
});

it('is not judged what goes to a node that an earlier opcode would empty, or fill', async () => {
  const { judge, web, mail, far } = await stage();
  const { opresult } = await judge([
    op('OP_VM_START', { vm: web.name }),
    op('OP_VM_START', { vm: far.name }),
    op('OP_VM_START', { vm: mail.name }),
    op('OP_NODE_FLUSH', { node: 'hv1' }),
  ]);
  const onNode = { depends_on: [0], resources: ['node/hv1'] };
  expect(opresult).toEqual([JUDGED, JUDGED, onNode, { depends_on: [0, 2], resources: ['node/hv1'] }]);
});

it('is judged what has nothing to do with the opcodes before it', async () => {
  const { judge, web } = await stage();
  const volume = (name: string) => op('OP_VOLUME_ADD', { pool: 'vms', volume: name, size: '1G' });
  const { opresult } = await judge([volume('a'), volume('b'), op('OP_VM_START', { vm: web.name }), volume('a')]);
  expect(opresult).toEqual([JUDGED, JUDGED, JUDGED, { depends_on: [0], resources: ['volume/vms/a'] }]);
});

it('fails as ever for a thing that nobody makes', async () => {
  const { judge } = await stage();
  const { opresult } = await judge([op('OP_TEST_DELAY', { duration: 0 }), op('OP_VM_START', { vm: 'nobody' })]);
  expect(opresult).toEqual([JUDGED, ['OpPrereqError', [expect.stringContaining('nobody'), 'unknown_entity']]]);
});
