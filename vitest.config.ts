// How the tests run. What is real (Redis, ZooKeeper, libvirt, QEMU) is started by the tests themselves, through test/lab.
import { existsSync } from 'node:fs';
import { defineConfig } from 'vitest/config';
import { MEMORY_FOLDER } from './test/lab/plan.js';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/real/global-setup.ts'],
    // Real servers take their time on a small machine, and they are shared by what runs at once.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Most of the time they wait for servers and guests.
    maxWorkers: 3,
    // A machine that stood still for a moment fails no run; what fails twice is broken, and the report names what was repeated.
    retry: process.env['CI'] === undefined ? 0 : 1,
    // Waiting for a level has no bound of its own unless a test claims one: machines stall.
    expect: { poll: { timeout: 30_000 } },
    // Servers that the tests start keep their data in memory where they can.
    env: existsSync(MEMORY_FOLDER) ? { TMPDIR: MEMORY_FOLDER } : {},
  },
});
