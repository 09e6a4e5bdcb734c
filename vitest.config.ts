// How the tests run. What is real (Redis, ZooKeeper, libvirt, QEMU) is started by the tests themselves, through test/lab.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/real/global-setup.ts'],
    // Real servers take their time on a small machine, and they are shared by what runs at once.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
});
