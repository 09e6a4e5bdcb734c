// A few libvirt connections to one hypervisor, each with its thread. A call takes a free one, or waits; a connection whose call
// does not return in time is given up and replaced.
import { ClassifiedError } from '../../../src/errors/classified-error.js';
import { type LibvirtThread, startLibvirtThread } from './libvirt-thread.js';
import type { Call } from './thread-messages.js';

export interface PoolOptions {
  uri: string;
  library: string;
  /** How many calls may be under way at once. */
  connections: number;
  /** How long a call may wait for a connection, and how long it may then take. */
  callTimeoutMs: number;
}

export interface ConnectionPool {
  /** environment_error: no free connection, or no answer in time; else what libvirt said. */
  run(call: Call): Promise<unknown>;
  /** Refuses what waits, lets the calls under way come to their end, and closes the connections. */
  close(): Promise<void>;
}

interface Job {
  call: Call;
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
  waitTimer: NodeJS.Timeout;
}

/** Given-up threads that may hang at one time; more would be a leak, and the hypervisor is out of order anyway. */
const MAX_HANGING = 8;
export const RELEASE_EVERY_MS = 1000;
const CLOSE_TIMEOUT_MS = 2000;

/** Closes the connection, whose call must have ended, and ends the thread. */
export async function closeThread(thread: LibvirtThread): Promise<void> {
  const timer = setTimeout(() => thread.release(), CLOSE_TIMEOUT_MS);
  // A broken connection may fail to close; the thread ends either way.
  await thread.call({ operation: 'close', argument: '' }).catch(() => undefined);
  clearTimeout(timer);
  await thread.end();
}

export function createConnectionPool({ uri, library, connections, callTimeoutMs }: PoolOptions): ConnectionPool {
  const idle: LibvirtThread[] = [];
  const busy = new Set<LibvirtThread>();
  const hanging = new Set<LibvirtThread>();
  const serving = new Set<Promise<void>>();
  const waiting: Job[] = [];
  let closed = false;

  const unreachable = (what: string) => new ClassifiedError('environment_error', `hypervisor ${uri}: ${what}`);

  async function serve(thread: LibvirtThread, { call, resolve, reject }: Job): Promise<void> {
    busy.add(thread);
    let releasing: NodeJS.Timeout | undefined;
    const giveUp = setTimeout(() => {
      busy.delete(thread);
      hanging.add(thread);
      reject(unreachable(`no answer to ${call.operation} within ${callTimeoutMs} ms`));
      thread.release();
      releasing = setInterval(() => thread.release(), RELEASE_EVERY_MS).unref();
      dispatch();
    }, callTimeoutMs);
    const settle = await thread.call(call).then(
      (value) => () => resolve(value),
      (error: unknown) => () => reject(error),
    );
    clearTimeout(giveUp);
    clearInterval(releasing);
    busy.delete(thread);
    const over = hanging.delete(thread) || !thread.alive();
    if (!over && !closed) idle.push(thread);
    // The thread is free before its caller goes on: one call after the other needs one connection.
    settle();
    dispatch();
    if (over) await thread.end();
    else if (closed) await closeThread(thread);
  }

  function dispatch(): void {
    for (;;) {
      const [job] = waiting;
      if (job === undefined) return;
      const thread = idle.pop() ?? (busy.size < connections ? startLibvirtThread({ uri, library }) : undefined);
      if (thread === undefined) return;
      waiting.shift();
      clearTimeout(job.waitTimer);
      const served = serve(thread, job).finally(() => serving.delete(served));
      serving.add(served);
    }
  }

  function refuseWaiting(job: Job, error: ClassifiedError): void {
    clearTimeout(job.waitTimer);
    const at = waiting.indexOf(job);
    if (at >= 0) waiting.splice(at, 1);
    job.reject(error);
  }

  return {
    run: (call) =>
      new Promise((resolve, reject) => {
        if (closed) {
          reject(unreachable('the connection is closed'));
          return;
        }
        if (hanging.size >= MAX_HANGING) {
          reject(unreachable(`${hanging.size} calls hang; none is tried until one of them ends`));
          return;
        }
        const waitTimer = setTimeout(
          () => refuseWaiting(job, unreachable(`no free connection for ${call.operation} within ${callTimeoutMs} ms`)),
          callTimeoutMs,
        );
        const job: Job = { call, resolve, reject, waitTimer };
        waiting.push(job);
        dispatch();
      }),
    async close() {
      closed = true;
      for (const job of waiting.slice()) refuseWaiting(job, unreachable('the connection is closed'));
      await Promise.all([...serving, ...idle.splice(0).map(closeThread)]);
    },
  };
}
