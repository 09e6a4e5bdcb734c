// Which libvirt daemons of this machine live, told apart from those that were started later: what one of them was asked to do ends with it.
import { readdir, readFile, readlink } from 'node:fs/promises';

const DAEMONS: ReadonlySet<string> = new Set(['libvirtd', 'virtqemud']);
/** Of /proc/<pid>/stat: when the process was started, counted from the end of its name. */
const START_TIME = 19;

/** Answers a name for each that no later one has; none: there is none, or it cannot be known. */
export type LivingDaemons = () => Promise<string[]>;

/** Those of this process' own network: nodes of a laboratory share their machine, but not that. */
export async function localDaemons(): Promise<string[]> {
  const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  const own = await readlink('/proc/self/ns/net');
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(pids.map(async (pid) => await identityOf(pid, own).catch(() => undefined)));
  return found.flatMap((identity) => (identity === undefined ? [] : [`${boot} ${identity}`]));
}

/** Undefined: it is none of them. Rejects when it has ended. */
async function identityOf(pid: string, network: string): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name stands in parentheses, and may hold some itself.
  const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
  if (!DAEMONS.has(name)) return undefined;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // One that is only waited for does nothing any more.
  if (fields[0] === 'Z' || (await readlink(`/proc/${pid}/ns/net`)) !== network) return undefined;
  return `${pid} ${fields[START_TIME]}`;
}

/** libvirt's address of this machine's own daemon has no host in it; its test driver has no daemon. */
export const isLocal = (uri: string): boolean => /^(?!test)\w+(\+unix)?:\/\/\//.test(uri);

export const noDaemons: LivingDaemons = async () => [];
