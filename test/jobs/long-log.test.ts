// A job that says much: whoever follows its log reads each entry once, and the log has an end.
import { expect, it } from 'vitest';
import type { LogEntry } from '../../schemas/job.js';
import { MOST_LOG_ENTRIES } from '../../workers/engine/journal.js';
import type { StepContext } from '../../workers/engine/opcode.js';
import { startCluster } from '../harness/cluster.js';
import { buildGates, passGates } from '../harness/gates.js';
import { intervene } from '../harness/interventions.js';
import { redisForFile } from '../harness/redis-for-file.js';
import { patience } from '../lab/patience.js';

const redis = redisForFile();

/** A job in a step that says what the test wants. */
async function talker() {
  const cluster = await startCluster({ redisUrl: redis().url });
  const gates = buildGates();
  const wrapped = intervene(gates.opcodes);
  const job = await cluster.submit(passGates(['here']));
  const speaking = new Promise<StepContext>((resolve) => {
    wrapped.in.set(job, { at: { 'run 0 before': async (context) => resolve(context) } });
  });
  await cluster.addWorker({ opcodes: wrapped.opcodes });
  const { log } = await speaking;
  return { ...cluster, gates, job, log };
}

it('costs who waits for its news what is new, however long it is', async () => {
  const { desk, job, log, redis: ledger } = await talker();
  /** What Redis gives out for one entry that is waited for. */
  const bytesOfOneMore = async (serial: number) => {
    const outputOf = async () => Number(/total_net_output_bytes:(\d+)/.exec(await ledger.info('stats'))?.[1]);
    const before = await outputOf();
    const news = desk.waitFor(job, ({ oplog }) => (oplog[0]?.at(-1)?.[0] ?? 0) > serial, patience(10_000), undefined, serial);
    log('one more');
    const entries = (await news)?.oplog[0]?.filter(([number]) => number > serial);
    expect(entries).toEqual([[serial + 1, expect.any(Array), 'message', 'one more']]);
    return (await outputOf()) - before;
  };
  const first = await bytesOfOneMore(0);
  for (let count = 0; count < 2000; count++) log('a line that is as long as lines of a log are');
  await desk.waitFor(job, ({ oplog }) => oplog[0]?.length === 2001, patience(30_000));
  expect(await bytesOfOneMore(2001)).toBeLessThan(2 * first);
});

it('ends with the entry that says that it is full', async () => {
  const { desk, gates, job, log, end } = await talker();
  for (let count = 0; count < MOST_LOG_ENTRIES + 10; count++) log(`line ${count + 1}`);
  gates.open('here');
  await end(job);
  const entries = (await desk.read(job))?.oplog[0] as LogEntry[];
  expect(entries).toHaveLength(MOST_LOG_ENTRIES);
  expect(entries.slice(-2).map(([serial, , , text]) => [serial, text])).toEqual([
    [MOST_LOG_ENTRIES - 1, `line ${MOST_LOG_ENTRIES - 1}`],
    [MOST_LOG_ENTRIES, 'the log is full: what follows is not written down'],
  ]);
});
