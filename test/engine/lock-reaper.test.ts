// Locks that nobody releases any more: the primary frees those of jobs that have ended or are not known, and no others.
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { jobLocks } from '../../src/cluster/job-locks.js';
import { listLocks } from '../../src/cluster/lock-list.js';
import type { JobRecord } from '../../schemas/job.js';
import { bornOf } from '../../src/jobs/record.js';
import { lockReaper } from '../../workers/agent/lock-reaper.js';
import { startCluster } from '../harness/cluster.js';
import { buildGates, passGates } from '../harness/gates.js';
import { redisForFile } from '../harness/redis-for-file.js';

const redis = redisForFile();

it('are freed in the second look, with a line in the log; what a job that goes on holds or waits for stays', async () => {
  const { addWorker, submit, end, run, desk, store } = await startCluster({ redisUrl: redis().url });
  const gates = buildGates();
  await addWorker({ opcodes: gates.opcodes });
  const holding = await submit(passGates(['here'], { lock: ['busy'] }));
  await gates.arrivals('here');
  const waiting = await submit(passGates(['open'], { lock: ['busy'] }));
  const ended = await run([passGates(['open']), passGates(['open'])]);
  const half = await submit([passGates(['open']), passGates(['there'])]);
  await gates.arrivals('there');

  const locks = jobLocks(store, { worker: 'w' });
  const lock = async (resource: string, { id, received_ts }: Pick<JobRecord, 'id' | 'received_ts'>, op = 0) =>
    await locks.take([{ resource, mode: 'exclusive' }], { job: id, op, born: bornOf(received_ts), epoch: 1, opcode: 'OP_TEST' });
  const record = async (id: number): Promise<JobRecord> => {
    const found = await desk.read(id);
    if (found === undefined) throw new Error(`no job ${id}`);
    return found;
  };
  await lock('vm/of-ended', ended, 1);
  await lock('vm/of-ended-opcode', await record(half), 0);
  await lock('vm/of-running-opcode', await record(half), 1);
  await lock('vm/of-unknown', { ...ended, id: 999_999 });
  await lock('vm/of-another-ledger', { ...(await record(half)), received_ts: [1, 0] }, 1);

  const lines: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
  const reaper = lockReaper({ store, desk, log, graceMs: 0 });
  const names = async () => (await listLocks(store)).map(({ name }) => name);
  const before = await names();
  await reaper.look();
  expect(await names()).toEqual(before);
  await reaper.look();
  expect(await names()).toEqual(['vm/busy', 'vm/of-running-opcode']);
  expect(lines.map((line) => (JSON.parse(line) as { lock: string }).lock).toSorted()).toEqual([
    'vm/of-another-ledger',
    'vm/of-ended',
    'vm/of-ended-opcode',
    'vm/of-unknown',
  ]);
  // Queues that nobody is in go in the next look.
  await reaper.look();
  expect((await store.children('/locks')).map(decodeURIComponent).toSorted()).toEqual(await names());
  gates.open('here');
  gates.open('there');
  for (const job of [holding, waiting, half]) expect((await end(job)).status).toBe('success');
});
