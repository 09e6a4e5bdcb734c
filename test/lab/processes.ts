/** Finding and ending processes by where they stand, so that a reused process id is never taken for one of ours. */
import { readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { until } from './until.js';

export function allPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** The id in a pid file, or undefined if there is no such file or no number in it. */
export function pidInFile(file: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(file, 'utf8'), 10);
    return Number.isInteger(pid) && pid > 1 ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** Where a process works, even if that folder has been deleted since. Undefined once it has ended (also as a zombie). */
export function workingFolder(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`).replace(/ \(deleted\)$/, '');
  } catch {
    return undefined;
  }
}

export function programName(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** The words that a process was started with; none once it has ended. */
export function commandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

/**
 * Whether the path, as that process sees it, is the very file or folder `target` is for us. True of exactly the
 * processes in a mount namespace in which `target` is mounted on `path`.
 */
export function sees(pid: number, path: string, target: string): boolean {
  try {
    const seen = statSync(`/proc/${pid}/root${path}`);
    const wanted = statSync(target);
    return seen.dev === wanted.dev && seen.ino === wanted.ino;
  } catch {
    return false;
  }
}

export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // It has ended by itself in the meantime, which is no failure.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Kills what `find` finds until it finds nothing more (a process may start others while it is being killed). */
export async function killAll(what: string, find: () => number[] | Promise<number[]>): Promise<void> {
  await until(`the end of ${what}`, async () => {
    const found = await find();
    for (const pid of found) signal(pid, 'SIGKILL');
    return found.length === 0;
  });
}
