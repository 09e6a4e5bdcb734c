// Around a whole test run: measures how slow the machine is, tells the test files under which name the run uses the lab, and lets the lab go
// when all are done. It starts nothing itself: a run without real tests costs nothing.
import type { TestProject } from 'vitest/node';
import { startSlownessMeter } from '../harness/slowness-meter.js';
import { leaveLab } from '../lab/lab.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** The process id of the run. */
    labTenant: number;
  }
}

export default function setup(project: TestProject): () => Promise<void> {
  project.provide('labTenant', process.pid);
  const stopMeter = startSlownessMeter();
  return async () => {
    await leaveLab(process.pid);
    stopMeter();
  };
}
