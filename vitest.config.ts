// How the tests run. What is real (Redis, ZooKeeper, libvirt, QEMU) is started by the tests themselves, through test/lab.
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { LongFirst } from './test/harness/long-first.js';
import { MEMORY_FOLDER } from './test/lab/plan.js';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/real/global-setup.ts'],
    // A bound that is no claim of a test ends only what hangs, and grows with how slow the machine is at present.
    setupFiles: ['test/harness/scale-bounds.ts'],
    sequence: { sequencer: LongFirst },
    // Most of the time they wait for servers and guests.
    maxWorkers: availableParallelism() + 1,
    // A machine that stood still for a moment fails no run; what fails twice is broken, and the report names what was repeated.
    retry: process.env['CI'] === undefined ? 0 : 1,
    // Servers that the tests start keep their data in memory where they can.
    env: existsSync(MEMORY_FOLDER) ? { TMPDIR: MEMORY_FOLDER } : {},
  },
});
