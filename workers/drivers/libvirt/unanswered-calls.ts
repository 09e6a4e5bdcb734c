// The calls by which a hypervisor's guests are changed, from before libvirt is asked until it has answered. One that is given up leaves its
// guest in doubt. They stand in a folder too: when this process is killed, libvirtd goes on with what it was asked, and the next process
// must know.
//
// An answer that is still awaited tells when a call is over. For one whose connection is gone (cut, or ended with the process that made it)
// it is over when the daemon that had it is gone; or else when libvirt, asked again and again for a while, has no job of the guest's, and
// the guest does not change: what had begun shows as a job, and what waited for its turn in libvirtd has had it.
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDoubts, type Doubts } from '../doubts.js';
import type { LivingDaemons } from './daemon-identity.js';
import type { Quiet } from './thread-messages.js';

export interface UnansweredCalls extends Pick<Doubts, 'of' | 'refuse'> {
  /** Writes down that libvirt is about to be asked, by one of these daemons. */
  begin(guest: string, method: string, daemons: readonly string[]): Promise<CallMark>;
  /** What is unanswered stays written down. */
  close(): Promise<void>;
}

export interface CallMark {
  /** Nothing is in doubt: libvirt has answered, or what it does shows in the guest itself. */
  answered(): Promise<void>;
  /** Given up, but its answer is still awaited. */
  givenUp(): void;
  /** Nobody will hear its answer. */
  lost(): void;
}

interface UnansweredCallsOptions {
  /** The folder in which they are written down; none: they are forgotten with this process. */
  directory: string | undefined;
  daemons: LivingDaemons;
  /** How the guest looks to libvirt. */
  look(guest: string): Promise<Quiet>;
  /** How long is waited for what is being found out. */
  patienceMs: number;
}

interface Call {
  method: string;
  /** ISO 8601. */
  since: string;
  daemons: readonly string[];
}

const SUFFIX = '.json';
const LOOK_EVERY_MS = 1000;
/** libvirt's own calls wait for each other for 30 s at most; while one waits, the one that it waits for shows as a job. */
const QUIET_MS = 10_000;

/** Reads what the process before this one has left. */
export async function openUnansweredCalls({ directory, daemons, look, patienceMs }: UnansweredCallsOptions): Promise<UnansweredCalls> {
  const doubts = createDoubts(patienceMs);
  const closing = new AbortController();
  const settling = new Set<Promise<void>>();
  const fileOf = (guest: string) => join(directory ?? '', `${guest}${SUFFIX}`);

  async function forget(guest: string): Promise<void> {
    // One that cannot be removed is taken for a doubt by the next process, and no more.
    if (directory !== undefined) await rm(fileOf(guest), { force: true }).catch(() => undefined);
    doubts.remove(guest);
  }

  async function areGone(known: readonly string[]): Promise<boolean> {
    const living = await daemons();
    return known.length > 0 && !known.some((daemon) => living.includes(daemon));
  }

  /** Resolves when the call is over. */
  async function untilOver(guest: string, call: Call): Promise<void> {
    let before: Quiet | undefined;
    let sinceMs = performance.now();
    for (;;) {
      if (await areGone(call.daemons)) return;
      const seen = await look(guest).catch(() => undefined);
      // Whoever deals with the guest sees a migration in it, from its beginning to its end.
      if (call.method === 'migrate' && seen?.startsWith('moving') === true) return;
      if (seen === undefined || seen !== before || seen === 'busy' || seen === 'moving') sinceMs = performance.now();
      else if (performance.now() - sinceMs >= QUIET_MS) return;
      before = seen;
      await sleep(LOOK_EVERY_MS, undefined, { signal: closing.signal });
    }
  }

  function settle(guest: string, call: Call): void {
    doubts.add(guest, { method: call.method, since: new Date(call.since) }, true);
    const over = untilOver(guest, call)
      .then(() => forget(guest))
      // Closed.
      .catch(() => undefined)
      .finally(() => settling.delete(over));
    settling.add(over);
  }

  if (directory !== undefined) {
    await mkdir(directory, { recursive: true });
    for (const name of (await readdir(directory)).filter((file) => file.endsWith(SUFFIX))) {
      const guest = name.slice(0, -SUFFIX.length);
      const call = read(await readFile(fileOf(guest), 'utf8'));
      // Half written: its process was killed before it asked libvirt.
      if (call === undefined) await forget(guest);
      else settle(guest, call);
    }
  }

  return {
    of: doubts.of,
    refuse: doubts.refuse,
    async begin(guest, method, known) {
      const call: Call = { method, since: new Date().toISOString(), daemons: known };
      // Where it cannot be written (a full disk), power must be cut all the same; it matters only if this process is killed before the answer.
      if (directory !== undefined) await writeFile(fileOf(guest), JSON.stringify(call)).catch(() => undefined);
      return {
        answered: () => forget(guest),
        givenUp: () => doubts.add(guest, { method, since: new Date(call.since) }, false),
        lost: () => settle(guest, call),
      };
    },
    async close() {
      closing.abort();
      await Promise.all(settling);
    },
  };
}

function read(text: string): Call | undefined {
  try {
    return JSON.parse(text) as Call;
  } catch {
    return undefined;
  }
}
