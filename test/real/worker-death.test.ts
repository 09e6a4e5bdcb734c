// Workers that die in the middle of jobs: others go on with them, soon, and the world is as if nobody had died.
import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { JobRecord } from '../../schemas/job.js';
import { describeReal } from '../drivers/real-or-skipped.js';
import { type StallWatch, watchStalls } from '../harness/stalls.js';
import { until } from '../lab/until.js';
import { logOf, toMs } from './api-client.js';
import type { Place } from './places-to-die.js';
import { startCluster, type RealCluster } from './real-cluster.js';
import type { RealGuest } from './real-guest.js';
import { missingLab } from './real-lab.js';
import { story } from './story.js';
import { guestPids, nodesWith } from './virsh.js';

const TAKEN_UP_WITHIN_MS = 10_000;
/** No sign of life has to be missed first. */
const HANDED_OVER_WITHIN_MS = 5_000;

interface Death {
  opcode: 'OP_VM_START' | 'OP_VM_DEFINE';
  place: Place;
  /** Where the job is taken up, as its log says. */
  at: string;
}

const DEATHS: Death[] = [
  { opcode: 'OP_VM_DEFINE', place: 'check', at: 'before the first step' },
  { opcode: 'OP_VM_DEFINE', place: 'before1', at: 'at step 1 of 1 ("add VM' },
  { opcode: 'OP_VM_DEFINE', place: 'after1', at: 'at step 1 of 1 ("add VM' },
  { opcode: 'OP_VM_START', place: 'check', at: 'before the first step' },
  { opcode: 'OP_VM_START', place: 'before1', at: 'at step 1 of 2 ("reserve room on hv' },
  { opcode: 'OP_VM_START', place: 'after1', at: 'at step 1 of 2 ("reserve room on hv' },
  { opcode: 'OP_VM_START', place: 'before2', at: 'at step 2 of 2 ("create the domain on hv' },
  { opcode: 'OP_VM_START', place: 'defined', at: 'at step 2 of 2 ("create the domain on hv' },
  { opcode: 'OP_VM_START', place: 'started', at: 'at step 2 of 2 ("create the domain on hv' },
  { opcode: 'OP_VM_START', place: 'after2', at: 'at step 2 of 2 ("create the domain on hv' },
];

describeReal('workers that are killed', missingLab(), () => {
  let cluster: RealCluster;
  let graves: string;
  let stalls: StallWatch;

  const of = <T>(map: Map<Death, T>, death: Death): T => map.get(death) as T;

  beforeEach(async () => {
    cluster = await startCluster({ name: 'death', workers: 0 });
    graves = join(cluster.dir, 'graves');
    await mkdir(graves);
    stalls = watchStalls();
  });
  afterEach(async () => {
    stalls.stop();
    await cluster.close();
  });

  // All deaths at once, each of a worker of its own, which has one job only. The worker that takes them all up is there all the time, with
  // its hands full until the doomed ones have their jobs.
  story('are followed by another one, which goes on where they died', async (chapter) => {
    const vms = new Map<Death, RealGuest>();
    const ends = new Map<Death, JobRecord>();
    await cluster.startWorker('heir', undefined, { RAPID_WORKER_OPEN_JOBS: String(DEATHS.length) });
    for (const death of DEATHS) {
      const { place, opcode } = death;
      vms.set(death, opcode === 'OP_VM_START' ? await cluster.defined(place) : cluster.guest(place));
    }
    const { call, submit, end } = cluster.api;
    const taken = (job: number) =>
      until(`job ${job} to be taken`, async () => (await call('GET', `/jobs/${job}`)).body.status !== 'queued');
    const chores = await Promise.all(DEATHS.map(() => submit({ OP_ID: 'OP_TEST_DELAY', duration: 3600 })));
    await Promise.all(chores.map(taken));

    const program = ['--import', 'tsx', resolve(import.meta.dirname, 'doomed-worker.ts'), graves];
    const one = { RAPID_WORKER_OPEN_JOBS: '1' };
    const doomed = await Promise.all(DEATHS.map((_, index) => cluster.startWorker(`doomed${index}`, program, one)));
    const jobs = await Promise.all(
      DEATHS.map((death) => {
        const { opcode } = death;
        const vm = of(vms, death);
        return submit(opcode === 'OP_VM_START' ? { OP_ID: opcode, vm: vm.name } : { OP_ID: opcode, xml: vm.xml() });
      }),
    );
    await Promise.all(jobs.map(taken));
    await Promise.all(chores.map((job) => call('DELETE', `/jobs/${job}`)));
    expect(await Promise.all(doomed.map(({ ended }) => ended))).toEqual(DEATHS.map(() => 'SIGKILL'));
    await Promise.all(DEATHS.map(async (death, index) => ends.set(death, await end(jobs[index] as number))));

    for (const death of DEATHS) {
      await chapter(`${death.opcode}, ${death.place}`, async () => {
        const vm = of(vms, death);
        const record = of(ends, death);
        expect([record.status, record.opresult]).toEqual(['success', [expect.objectContaining({ uuid: vm.uuid })]]);
        expect(logOf(record)).toContain(`taken up by worker heir ${death.at}`);
        const { body } = await cluster.api.call('GET', vm.path);
        expect(body.state).toBe(death.opcode === 'OP_VM_START' ? 'start' : 'stop');
        expect(await nodesWith(cluster.nodes, vm.uuid)).toEqual(death.opcode === 'OP_VM_START' ? [body.node] : []);
        if (death.opcode !== 'OP_VM_START') return;
        expect(guestPids(vm.uuid)).toHaveLength(1);
        await vm.up();
        expect(await vm.boots()).toBe(1);
      });
    }

    await chapter('each job was taken up within ten seconds of the kill', async () => {
      const tookMs = await Promise.all(
        DEATHS.map(async (death) => {
          const diedAtMs = Number(await readFile(join(graves, of(vms, death).name), 'utf8'));
          const takeUp = of(ends, death).oplog[0]?.find(([, , , message]) => message.startsWith('taken up by'));
          if (takeUp === undefined) return Number.NaN;
          const takenAtMs = toMs(takeUp[1]);
          return Math.round(takenAtMs - diedAtMs - stalls.between(diedAtMs, takenAtMs));
        }),
      );
      console.info(
        `from kill to take-up, in ms: ${DEATHS.map(({ opcode, place }, index) => `${opcode} ${place} ${tookMs[index]}`).join(', ')}`,
      );
      for (const ms of tookMs) expect(ms).toBeLessThan(TAKEN_UP_WITHIN_MS);
    });
  });

  test('one that is told to go hands its job over at once, and who waits for the lock does not get it in between', async () => {
    const { call, submit, end } = cluster.api;
    const statusIs = (job: number, status: string) =>
      until(`job ${job} to be ${status}`, async () => (await call('GET', `/jobs/${job}`)).body.status === status);
    const leaving = await cluster.startWorker('leaving');
    const job = await submit({ OP_ID: 'OP_TEST_DELAY', duration: 5, lock: ['it'] });
    await statusIs(job, 'running');
    const rival = await submit({ OP_ID: 'OP_TEST_DELAY', duration: 0, lock: ['it'] });
    await statusIs(rival, 'waiting');
    await cluster.startWorker('heir');
    const leftAtMs = Date.now();
    expect(await leaving.leave()).toBe(0);
    const record = await end(job);
    const takenUp = record.oplog[0]?.find(([, , , text]) => text.includes('worker heir'));
    expect([record.status, takenUp]).toEqual(['success', expect.anything()]);
    const takenAtMs = toMs(takenUp?.[1] ?? [0, 0]);
    expect(takenAtMs - leftAtMs - stalls.between(leftAtMs, takenAtMs)).toBeLessThan(HANDED_OVER_WITHIN_MS);
    const [begun] = (await end(rival)).opexec;
    expect(toMs(begun ?? [0, 0])).toBeGreaterThanOrEqual(toMs(record.opend[0] ?? [Infinity, 0]));
  });
});
