// A few libvirt connections to one hypervisor, each with its thread. A call takes a free one, or waits; a connection whose call does not
// return in time is given up and replaced. What changes something asks its permit with the connection in hand.
import { PERMIT_VALID_MS, type Permit } from '../../../src/cluster/permit.js';
import { ClassifiedError } from '../../../src/errors/classified-error.js';
import type { LivingDaemons } from './daemon-identity.js';
import { CallLate, ConnectionBroken, type LibvirtThread, startLibvirtThread } from './libvirt-thread.js';
import type { Call, ChangeCall, LookCall } from './thread-messages.js';
import type { CallMark, UnansweredCalls } from './unanswered-calls.js';

export interface PoolOptions {
  uri: string;
  library: string;
  /** How many calls may be under way at once. */
  connections: number;
  /** How long a call may wait for a connection, and how long it may then take. */
  callTimeoutMs: number;
  daemons: LivingDaemons;
}

/** In whose name, and about whom, something is changed. */
export interface ChangeOptions {
  permit: Permit;
  /** Where its guest is remembered until libvirt has answered; undefined: the change is about none, or can be in nobody's way. */
  guest: { uuid: string; calls: UnansweredCalls } | undefined;
}

export interface ConnectionPool {
  /** environment_error: no free connection, or no answer in time; else what libvirt said. Done again when its connection had broken. */
  look(call: LookCall): Promise<unknown>;
  /** The same, but done only with a permit; when its connection breaks, done again only when the first time is over for sure, and with a new one. */
  change(call: ChangeCall, options: ChangeOptions): Promise<unknown>;
  /** Refuses what waits, lets the calls under way come to their end, and closes the connections. */
  close(): Promise<void>;
}

interface Job {
  changes: boolean;
  work: (thread: LibvirtThread) => Promise<unknown>;
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
  waitTimer: NodeJS.Timeout;
}

/** Given-up threads that may hang at one time; more would be a leak, and the hypervisor is out of order anyway. */
const MAX_HANGING_LOOKS = 8;
/** These are kept until libvirt answers, one a guest. */
const MAX_HANGING_CHANGES = 32;
/** Connections that changes leave to looks: permits are waited for, and what hangs must still be seen. */
const FOR_LOOKS = 2;
export const RELEASE_EVERY_MS = 1000;
const CLOSE_TIMEOUT_MS = 2000;
const NS_PER_MS = 1_000_000n;
const ATTEMPTS = 2;

export const OPEN = { operation: 'open', argument: '' } as const satisfies LookCall;

/** Closes the connection, whose call must have ended, and ends the thread. */
export async function closeThread(thread: LibvirtThread): Promise<void> {
  const timer = setTimeout(() => thread.release(), CLOSE_TIMEOUT_MS);
  // A broken connection may fail to close; the thread ends either way.
  await thread.call({ operation: 'close', argument: '' }).catch(() => undefined);
  clearTimeout(timer);
  await thread.end();
}

/** Asks the permit, and makes the call while it is good. A process that stood still in between asks once more. */
export async function permitted(permit: Permit, call: ChangeCall, post: (call: Call) => Promise<unknown>): Promise<unknown> {
  for (;;) {
    const askedNs = process.hrtime.bigint();
    await permit();
    try {
      return await post({ ...call, notAfterNs: askedNs + BigInt(PERMIT_VALID_MS) * NS_PER_MS });
    } catch (error) {
      if (!(error instanceof CallLate)) throw error;
    }
  }
}

export function createConnectionPool({ uri, library, connections, callTimeoutMs, daemons }: PoolOptions): ConnectionPool {
  const idle: LibvirtThread[] = [];
  const busy = new Map<LibvirtThread, Job>();
  const hangingLooks = new Set<LibvirtThread>();
  const hangingChanges = new Set<LibvirtThread>();
  /** The daemon at the other end of a thread's connection, and which of its connections that was. */
  const ends = new WeakMap<LibvirtThread, { connection: unknown; living: string[] }>();
  const ending = new Set<Promise<void>>();
  const waiting: Job[] = [];
  const closing = new AbortController();

  const unreachable = (what: string) => new ClassifiedError('environment_error', `hypervisor ${uri}: ${what}`);

  /** One message to the thread. When no answer comes in time the thread is given up, and `whenLate` gets what may still come. */
  function ask(thread: LibvirtThread, call: Call, whenLate?: (answer: Promise<unknown>) => void): Promise<unknown> {
    const answer = thread.call(call);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        giveUp(thread, answer, whenLate !== undefined);
        whenLate?.(answer);
        answer.catch(() => undefined);
        reject(unreachable(`no answer to ${call.operation} within ${callTimeoutMs} ms`));
        dispatch();
      }, callTimeoutMs);
      answer.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }

  /** Who waits for an answer keeps the connection: without it, it would never be heard. A look is not worth it. */
  function giveUp(thread: LibvirtThread, answer: Promise<unknown>, isAwaited: boolean): void {
    const hanging = isAwaited ? hangingChanges : hangingLooks;
    busy.delete(thread);
    hanging.add(thread);
    let releasing: NodeJS.Timeout | undefined;
    const release = () => {
      thread.release();
      releasing ??= setInterval(() => thread.release(), RELEASE_EVERY_MS).unref();
    };
    if (!isAwaited || closing.signal.aborted) release();
    else closing.signal.addEventListener('abort', release, { once: true });
    const end = async () => {
      await answer.catch(() => undefined);
      closing.signal.removeEventListener('abort', release);
      clearInterval(releasing);
      hanging.delete(thread);
      await thread.end();
    };
    remember(end());
  }

  function remember(end: Promise<void>): void {
    const over = end.finally(() => ending.delete(over));
    ending.add(over);
  }

  async function serve(thread: LibvirtThread, job: Job): Promise<void> {
    busy.set(thread, job);
    const settle = await job.work(thread).then(
      (value) => () => job.resolve(value),
      (error: unknown) => () => job.reject(error),
    );
    const isOurs = busy.delete(thread);
    if (isOurs && thread.alive() && !closing.signal.aborted) idle.push(thread);
    // The thread is free before its caller goes on: one call after the other needs one connection.
    settle();
    dispatch();
    if (!isOurs) return;
    if (!thread.alive()) await thread.end();
    else if (closing.signal.aborted) await closeThread(thread);
  }

  const changesUnderWay = () => [...busy.values()].filter(({ changes }) => changes).length;

  function dispatch(): void {
    for (;;) {
      const mayChange = changesUnderWay() < Math.max(1, connections - FOR_LOOKS);
      const job = waiting.find(({ changes }) => mayChange || !changes);
      if (job === undefined) return;
      const thread = idle.pop() ?? (busy.size < connections ? startLibvirtThread({ uri, library }) : undefined);
      if (thread === undefined) return;
      waiting.splice(waiting.indexOf(job), 1);
      clearTimeout(job.waitTimer);
      remember(serve(thread, job));
    }
  }

  function refuseWaiting(job: Job, error: ClassifiedError): void {
    clearTimeout(job.waitTimer);
    const at = waiting.indexOf(job);
    if (at >= 0) waiting.splice(at, 1);
    job.reject(error);
  }

  function run(operation: string, changes: boolean, work: Job['work']): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (closing.signal.aborted) return reject(unreachable('the connection is closed'));
      const [hanging, most] = changes ? [hangingChanges.size, MAX_HANGING_CHANGES] : [hangingLooks.size, MAX_HANGING_LOOKS];
      if (hanging >= most) return reject(unreachable(`${hanging} calls hang; none is tried until one of them ends`));
      const waitTimer = setTimeout(
        () => refuseWaiting(job, unreachable(`no free connection for ${operation} within ${callTimeoutMs} ms`)),
        callTimeoutMs,
      );
      const job: Job = { changes, work, resolve, reject, waitTimer };
      waiting.push(job);
      dispatch();
    });
  }

  /** Makes sure that libvirt is there, and answers which daemon it is. */
  async function open(thread: LibvirtThread): Promise<string[]> {
    const connection = await ask(thread, OPEN);
    const known = ends.get(thread);
    if (known !== undefined && known.connection === connection) return known.living;
    const living = await daemons();
    ends.set(thread, { connection, living });
    return living;
  }

  /** Once the answer is known, or known to be lost. */
  async function conclude(answer: Promise<unknown>, mark: CallMark | undefined): Promise<void> {
    const error = await answer.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (error instanceof ConnectionBroken) mark?.lost();
    else await mark?.answered();
  }

  function unlessClosed<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const stop = () => reject(unreachable('the connection is closed'));
      closing.signal.addEventListener('abort', stop, { once: true });
      work.then(resolve, reject).finally(() => closing.signal.removeEventListener('abort', stop));
    });
  }

  async function attempt(thread: LibvirtThread, call: ChangeCall, { permit, guest }: ChangeOptions): Promise<unknown> {
    const living = await open(thread);
    const mark = await guest?.calls.begin(guest.uuid, call.operation, living);
    let late: Promise<unknown> | undefined;
    const asked = permitted(
      () => unlessClosed(permit()),
      call,
      (made) =>
        ask(thread, made, (answer) => {
          late = answer;
        }),
    );
    try {
      return await asked;
    } finally {
      if (late === undefined) await conclude(asked, mark);
      else {
        mark?.givenUp();
        void conclude(late, mark);
      }
    }
  }

  return {
    look: ({ operation, argument }) => run(operation, false, (thread) => ask(thread, { operation, argument })),
    async change(call, options) {
      const { guest } = options;
      await guest?.calls.refuse(guest.uuid);
      return await run(call.operation, true, async (thread) => {
        for (let left = ATTEMPTS; ; left -= 1) {
          try {
            return await attempt(thread, call, options);
          } catch (error) {
            if (!(error instanceof ConnectionBroken) || left <= 1 || !thread.alive() || closing.signal.aborted) throw error;
            // What libvirt may still be at must not be met by the same once more.
            if (guest !== undefined) await unlessClosed(guest.calls.refuse(guest.uuid));
          }
        }
      });
    },
    async close() {
      closing.abort();
      for (const job of waiting.slice()) refuseWaiting(job, unreachable('the connection is closed'));
      for (const thread of idle.splice(0)) remember(closeThread(thread));
      while (ending.size > 0) await Promise.all(ending);
    },
  };
}
