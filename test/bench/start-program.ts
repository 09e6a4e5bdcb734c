// A program of the benchmark as a process of its own, seen from the process that measures.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { FromProgram, Order } from './programs/program.js';

export interface ProgramOptions {
  /** What the program is told (JSON). */
  argument?: unknown;
  /** Environment variables besides those that are there; settings of rapid that are there are not passed on. */
  env?: Record<string, string>;
  /** Options of Node.js. */
  node?: string[];
}

type Arguments<F> = F extends (...args: infer A) => unknown ? A : never;
type Result<F> = F extends (...args: never[]) => infer R ? Awaited<R> : never;

export interface Program<Ready, Methods> {
  /** What it told when it was ready. */
  ready: Ready;
  call<Name extends keyof Methods & string>(name: Name, ...args: Arguments<Methods[Name]>): Promise<Result<Methods[Name]>>;
  close(): Promise<void>;
}

interface Caller {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** Starts the compiled program at that path; resolves when it says that it is ready. */
export async function startProgram<Ready, Methods>(
  path: string,
  { argument = null, env = {}, node = [] }: ProgramOptions = {},
): Promise<Program<Ready, Methods>> {
  const child = fork(path, [JSON.stringify(argument)], {
    // In a process group of its own: Ctrl-C reaches the benchmark, which ends its programs.
    detached: true,
    env: { ...withoutSettings(process.env), ...env },
    execArgv: node,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const callers = new Map<number, Caller>();
  const ended = once(child, 'exit');
  let calls = 0;
  let closed = false;

  const ready = new Promise<Ready>((resolve, reject) => {
    child.on('message', (message: FromProgram) => {
      if (message.kind === 'ready') return resolve(message.value as Ready);
      const caller = callers.get(message.call);
      callers.delete(message.call);
      if (message.kind === 'failed') caller?.reject(new Error(message.text));
      else caller?.resolve(message.value);
    });
    child.once('exit', (code, signal) => {
      const error = new Error(`${path} ended (${signal ?? `exit code ${code}`})`);
      reject(error);
      for (const caller of callers.values()) caller.reject(error);
    });
  });

  return {
    ready: await ready,
    call(name, ...args) {
      const call = ++calls;
      return new Promise((resolve, reject) => {
        callers.set(call, { resolve, reject });
        child.send({ call, name, args } satisfies Order);
      });
    },
    async close() {
      if (closed) return;
      closed = true;
      // A program ends when it loses this process, however that happens.
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}

const withoutSettings = (env: NodeJS.ProcessEnv) => Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('RAPID_')));
