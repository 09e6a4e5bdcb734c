// Measures how slow the machine is while the tests run: a fixed amount of what they do (compute, start a process, write to a disk for sure)
// against the time that it takes on a quiet machine of two cores. It is done at the beginning and again all the time, because what else
// the machine does changes.
import { spawnSync } from 'node:child_process';
import { closeSync, fsyncSync, mkdtempSync, openSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SLOWNESS_VARIABLE } from '../lab/patience.js';

/** What the portion took on a quiet machine with two cores. */
const QUIET_MS = 220;
const EVERY_MS = 10_000;
/** The slowest of so many counts: patience must outlast what comes and goes. */
const REMEMBERED = 3;

const WRITES = 40;
const ITEMS = 400;
const ROUNDS = 200;

/** Measures until what it answers is called; processes that are started from now on find the figure. */
export function startSlownessMeter(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'slowness-'));
  const file = join(folder, 'slowness');
  let figures: number[] = [];
  const measure = () => {
    const begunMs = performance.now();
    compute();
    startProcess();
    writeForSure(join(folder, 'probe'));
    figures = [(performance.now() - begunMs) / QUIET_MS, ...figures].slice(0, REMEMBERED);
    // Whoever reads it never finds half of it.
    writeFileSync(`${file}.new`, String(Math.max(1, ...figures)));
    renameSync(`${file}.new`, file);
  };
  measure();
  measure();
  process.env[SLOWNESS_VARIABLE] = file;
  const timer = setInterval(measure, EVERY_MS);
  return () => {
    clearInterval(timer);
    delete process.env[SLOWNESS_VARIABLE];
    rmSync(folder, { recursive: true });
  };
}

function compute(): void {
  const items = Array.from({ length: ITEMS }, (_, index) => ({
    name: `vm${index}`,
    memory: index * 1024,
    tags: ['a', 'b', String(index)],
  }));
  let text = JSON.stringify(items);
  for (let round = 0; round < ROUNDS; round += 1) text = JSON.stringify(JSON.parse(text));
}

function startProcess(): void {
  const { status } = spawnSync(process.execPath, ['-e', '']);
  if (status !== 0) throw new Error('could not start a process to measure how long that takes');
}

function writeForSure(file: string): void {
  const descriptor = openSync(file, 'w');
  try {
    for (let write = 0; write < WRITES; write += 1) {
      writeSync(descriptor, 'x'.repeat(4096));
      fsyncSync(descriptor);
    }
  } finally {
    closeSync(descriptor);
  }
}
