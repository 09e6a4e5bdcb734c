/** One process at a time: test files that run side by side must not build or tear down the same lab at once. */
import { readlinkSync } from 'node:fs';
import { link, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from './until.js';

export async function inTurn<T>(dir: string, work: () => Promise<T>): Promise<T> {
  await mkdir(dir, { recursive: true });
  const lock = join(dir, 'lock');
  const claim = `${lock}.${process.pid}`;
  await writeFile(claim, String(process.pid));
  try {
    await until(`another process that starts or stops the lab in ${dir}`, () => take(lock, claim), { within: 300_000, every: 100 });
    try {
      await sweepClaims(dir);
      return await work();
    } finally {
      await rm(lock, { force: true });
    }
  } finally {
    await rm(claim, { force: true });
  }
}

async function take(lock: string, claim: string): Promise<boolean> {
  try {
    // A link appears with its content, so that nobody ever sees a lock without its owner.
    await link(claim, lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const owner = await readFile(lock, 'utf8').catch(() => undefined);
  if (owner !== undefined && !isNodeProcess(Number(owner))) await rm(lock, { force: true });
  return false;
}

/** Claims of processes that were killed while they waited. */
async function sweepClaims(dir: string): Promise<void> {
  for (const file of await readdir(dir)) {
    const owner = /^lock\.(\d+)$/.exec(file)?.[1];
    if (owner !== undefined && !isNodeProcess(Number(owner))) await rm(join(dir, file), { force: true });
  }
}

/** Whether that process still lives. Only a Node.js process can be the one that is meant: the id may have been given to something else. */
export function isNodeProcess(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/exe`).includes('node');
  } catch {
    return false;
  }
}
