// Several jobs in one submission: all of them or none, and the later may name the earlier by their distance.
import { expect, it } from 'vitest';
import type { Depends } from '../../schemas/job.js';
import { startCluster } from '../harness/cluster.js';
import { redisForFile } from '../harness/redis-for-file.js';

const redis = redisForFile();
const delay = { OP_ID: 'OP_TEST_DELAY', duration: 0 };
const one = (depends: Depends = []) => ({ ops: [delay], user: 'u', reason: null, priority: 0, depends, dryRun: false });
const started = () => startCluster({ redisUrl: redis().url });

it('names jobs of the same submission, whatever others submit meanwhile', async () => {
  const { desk, submit, addWorker, end } = await started();
  const [groups] = await Promise.all([
    Promise.all(
      Array.from({ length: 20 }, () =>
        desk.submitTogether([
          one(),
          one([[-1, ['success']]]),
          one([
            [-2, []],
            [-1, []],
          ] as Depends),
        ]),
      ),
    ),
    Promise.all(Array.from({ length: 50 }, () => submit(delay))),
  ]);
  await addWorker();
  for (const { jobs } of groups) {
    const [first = 0, second = 0, third = 0] = jobs;
    expect([second, third]).toEqual([first + 1, first + 2]);
    const records = await Promise.all(jobs.map((job) => end(job)));
    expect(records.map(({ status }) => status)).toEqual(['success', 'success', 'success']);
    expect(records.map(({ depends }) => depends)).toEqual([
      [],
      [[first, ['success']]],
      [
        [first, []],
        [second, []],
      ],
    ]);
    const [before, after] = [records[0]?.end_ts ?? [], records[1]?.start_ts ?? []];
    expect(before <= after).toBe(true);
  }
});

it('refuses a negative number that leads out of the submission, and then accepts none', async () => {
  const { desk, submit } = await started();
  await submit(delay);
  await expect(submit(delay, { depends: [[-1, []]] })).rejects.toMatchObject({
    errorClass: 'wrong_input',
    faults: [{ pointer: '/depends/0/0' }],
  });
  await expect(desk.submitTogether([one(), one([[-2, []]])])).rejects.toMatchObject({
    errorClass: 'wrong_input',
    faults: [{ pointer: '/jobs/1/depends/0/0' }],
  });
  await expect(desk.submitTogether([one(), one([[99, []]])])).rejects.toMatchObject({ errorClass: 'unknown_entity' });
  expect((await desk.list({ limit: 10 })).jobs.map(({ id }) => id)).toEqual([1]);
  expect(await submit(delay)).toBe(2);
});

it('is repeated by its key, with what was answered first', async () => {
  const { desk } = await started();
  const key = (message: string) => ({ key: 'k', request: { a: 1, b: [{ c: 2, d: 3 }] }, message });
  expect(await desk.submitTogether([one(), one()], key('first'))).toEqual({ jobs: [1, 2], message: undefined });
  const again = { ...key('second'), request: { b: [{ d: 3, c: 2 }], a: 1 } };
  expect(await desk.submitTogether([one(), one()], again)).toEqual({ jobs: [1, 2], message: 'first' });
});
