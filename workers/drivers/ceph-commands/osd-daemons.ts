// The daemons of a node's OSDs: units of systemd, or processes on a machine without it.
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { ClassifiedError } from '../../../src/errors/classified-error.js';
import type { HostCommands } from './host-commands.js';

export interface OsdDaemons {
  isRunning(id: number): Promise<boolean>;
  start(id: number): Promise<void>;
  /** Resolves when it is gone. */
  stop(id: number, otherUnits: readonly string[]): Promise<void>;
}

export function systemdDaemons(commands: HostCommands): OsdDaemons {
  const unit = (id: number) => `ceph-osd@${id}`;
  return {
    isRunning: async (id) => (await commands.attempt('systemctl', ['is-active', '--quiet', unit(id)])).exitCode === 0,
    async start(id) {
      // One that failed too often is not started again otherwise.
      await commands.changing.attempt('systemctl', ['reset-failed', unit(id)]);
      await commands.changing.text('systemctl', ['enable', '--now', unit(id)], `start OSD ${id}`);
    },
    async stop(id, otherUnits) {
      await commands.changing.text('systemctl', ['stop', unit(id)], `stop OSD ${id}`);
      await commands.changing.attempt('systemctl', ['disable', unit(id), ...otherUnits]);
    },
  };
}

interface DirectDaemons {
  conf: string;
  folderOf(id: number): string;
  /** How long one may take to end before it is killed. */
  stopTimeoutMs: number;
}

const LOOK_MS = 100;
const KILLED_WITHIN_MS = 10_000;

export function directDaemons(commands: HostCommands, { conf, folderOf, stopTimeoutMs }: DirectDaemons): OsdDaemons {
  const pids = (id: number) => daemonsIn(folderOf(id));

  async function endedWithin(id: number, timeoutMs: number): Promise<boolean> {
    for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; await pause(LOOK_MS)) {
      if ((await pids(id)).length === 0) return true;
    }
    return false;
  }

  return {
    isRunning: async (id) => (await pids(id)).length > 0,
    async start(id) {
      // It goes to the background by itself, once it has opened its device.
      await commands.changing.text('ceph-osd', ['--conf', conf, '--id', String(id), '--osd-data', folderOf(id)], `start OSD ${id}`);
    },
    async stop(id) {
      for (const [signal, withinMs] of [['SIGTERM', stopTimeoutMs] as const, ['SIGKILL', KILLED_WITHIN_MS] as const]) {
        const found = await pids(id);
        await commands.permit();
        for (const pid of found) end(pid, signal);
        if (await endedWithin(id, withinMs)) return;
      }
      throw new ClassifiedError('environment_error', `the daemon of OSD ${id} cannot be ended`);
    },
  };
}

function end(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** By what they were started with: the folder is one OSD's alone. */
async function daemonsIn(folder: string): Promise<number[]> {
  const found = await Promise.all(
    (await readdir('/proc'))
      .filter((name) => /^\d+$/.test(name))
      .map(async (pid) => {
        const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
        return words[0]?.endsWith('ceph-osd') && words.includes(folder) ? [Number(pid)] : [];
      }),
  );
  return found.flat();
}
