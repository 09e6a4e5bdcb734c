// Flags of the storage: there are few of them, so their laws are tried one flag at a time.
import { expect, it } from 'vitest';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { isFlagSet } from '../../workers/opcodes/ceph-flags.js';
import { opcodes } from '../../workers/opcodes/registry.js';
import { startCluster } from '../harness/cluster.js';
import { intervene, type Moment } from '../harness/interventions.js';
import { redisForFile } from '../harness/redis-for-file.js';

const redis = redisForFile();

const CHANGES = [
  { opcode: 'OP_CEPH_FLAG_SET', before: [], after: ['noout'], set: true },
  { opcode: 'OP_CEPH_FLAG_UNSET', before: ['noout'], after: [], set: false },
];

it.each(CHANGES)('$opcode changes the flag, once', async ({ opcode, before, after, set }) => {
  const { run, addWorker, ceph } = await startCluster({ redisUrl: redis().url });
  for (const flag of before) await ceph.open().setFlag(flag, true);
  await addWorker();
  const dry = await run({ OP_ID: opcode, flag: 'noout' }, { dryRun: true });
  const locks = [
    ['storage/ceph', 'shared'],
    ['ceph-flag/noout', 'exclusive'],
  ];
  expect(dry.opresult).toMatchObject([{ locks, facts: { flag: 'noout', isSo: false } }]);
  expect(await ceph.open().flags()).toEqual(before);
  for (const steps of [1, 0]) {
    const record = await run({ OP_ID: opcode, flag: 'noout' });
    expect(record).toMatchObject({ status: 'success', opresult: [{ flag: 'noout', set }], progress: [{ total: steps }] });
    expect(await ceph.open().flags()).toEqual(after);
  }
});

it.each(CHANGES.flatMap((change) => (['before', 'after'] as const).map((when) => ({ ...change, when }))))(
  '$opcode leaves the flag as it was when it fails $when its effect',
  async ({ opcode, before, when }) => {
    const { submit, end, addWorker, ceph } = await startCluster({ redisUrl: redis().url });
    for (const flag of before) await ceph.open().setFlag(flag, true);
    const wrapped = intervene(opcodes);
    const job = await submit({ OP_ID: opcode, flag: 'noout' });
    const fail = async () => {
      throw new ClassifiedError('environment_error', 'as planned');
    };
    const at: Moment = `run 0 ${when}`;
    wrapped.in.set(job, { twice: true, at: { [at]: fail } });
    await addWorker({ opcodes: wrapped.opcodes });
    expect((await end(job)).opresult).toEqual([['OpExecError', ['as planned', 'environment_error']]]);
    expect(await ceph.open().flags()).toEqual(before);
  },
);

it('says when Ceph does not know the flag, and leaves nothing behind', async () => {
  const { run, addWorker, ceph } = await startCluster({ redisUrl: redis().url });
  await addWorker();
  ceph.failNext('setFlag', new ClassifiedError('wrong_input', 'Ceph knows no flag "noautoscale"'));
  const { opresult } = await run({ OP_ID: 'OP_CEPH_FLAG_SET', flag: 'noautoscale' });
  expect(opresult).toEqual([['OpExecError', ['Ceph knows no flag "noautoscale"', 'wrong_input']]]);
  expect((await run({ OP_ID: 'OP_CEPH_FLAG_SET', flag: 'noautoscale' })).opresult).toEqual([{ flag: 'noautoscale', set: true }]);
  expect(await ceph.open().flags()).toEqual(['noautoscale']);
});

it('takes back only what it finds done', async () => {
  const { submit, end, addWorker, ceph } = await startCluster({ redisUrl: redis().url });
  const wrapped = intervene(opcodes);
  const job = await submit({ OP_ID: 'OP_CEPH_FLAG_SET', flag: 'noout' });
  const fail = async () => {
    // By hand, and so not to be set again.
    await ceph.open().setFlag('noout', false);
    ceph.failNext('setFlag', new ClassifiedError('environment_error', 'nothing was to be set'));
    throw new ClassifiedError('environment_error', 'as planned');
  };
  wrapped.in.set(job, { at: { 'run 0 after': fail } });
  await addWorker({ opcodes: wrapped.opcodes });
  expect((await end(job)).opresult).toEqual([['OpExecError', ['as planned', 'environment_error']]]);
});

it('knows flags that Ceph shows under other names', () => {
  expect(isFlagSet(['pauserd', 'pausewr'], 'pause')).toBe(true);
  expect(isFlagSet(['pauserd'], 'pause')).toBe(false);
  expect(isFlagSet(['pause'], 'pause')).toBe(true);
  expect(isFlagSet(['noout'], 'noin')).toBe(false);
});
