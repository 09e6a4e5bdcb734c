// How often the record of a job is written between its submission and its end: each write costs all others time in Redis.
import { expect, it } from 'vitest';
import { startCluster } from '../harness/cluster.js';
import { buildGates, passGates } from '../harness/gates.js';
import { redisForFile } from '../harness/redis-for-file.js';

const redis = redisForFile();

it('is written once by its runner when it needs no lock and has one step, and before each step with an effect otherwise', async () => {
  const { addWorker, run, redis: ledger, keys } = await startCluster({ redisUrl: redis().url });
  await addWorker({ opcodes: buildGates().opcodes });
  const writesOf = async (...job: Parameters<typeof passGates>) => {
    const { id, status, progress } = await run(passGates(...job));
    expect([status, progress[0]?.done]).toEqual(['success', job[0].length]);
    return Number(await ledger.hget(keys.job(id), 'writes'));
  };
  expect(await writesOf([])).toBe(1);
  expect(await writesOf(['open'])).toBe(1);
  expect(await writesOf(['open'], { lock: ['web1'] })).toBe(2);
  expect(await writesOf(['open', 'open-2'], { lock: ['web1'] })).toBe(3);
});

it('shows a job that runs for a while as running, also when nobody waited for that to be written', async () => {
  const { addWorker, submit, end, desk } = await startCluster({ redisUrl: redis().url });
  const gates = buildGates();
  await addWorker({ opcodes: gates.opcodes });
  const job = await submit(passGates(['here']));
  await gates.arrivals('here');
  await expect.poll(async () => (await desk.read(job))?.opstatus).toEqual(['running']);
  gates.open('here');
  expect((await end(job)).status).toBe('success');
});
