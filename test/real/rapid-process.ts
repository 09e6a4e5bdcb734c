// One process of rapid that a test starts, freezes, stops and kills. It dies with the test.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { signal } from '../lab/processes.js';
import { until } from '../lab/until.js';

export interface RapidProcess {
  readonly pid: number;
  /** What it wrote when it was ready. */
  readonly ready: string;
  /** Whether it has not ended. */
  lives(): boolean;
  /** Resolves with the signal or exit code when it has ended. */
  readonly ended: Promise<NodeJS.Signals | number>;
  /** Tells it to end, as an operator would; resolves with how it did. */
  leave(): Promise<NodeJS.Signals | number>;
  /** As leave; throws when it does not end in good order, or has failed before. One that was killed or has left is fine. */
  stop(): Promise<void>;
  /** Ends it as a crash does. */
  kill(): Promise<void>;
  /** Lets it stand still, as a machine that hangs. */
  freeze(): void;
  thaw(): void;
}

const STARTING_MS = 60_000;
const STOPPING_MS = 30_000;

/** Starts it; `env` is its whole environment beside PATH. Resolves when it says that it is ready. */
export async function startRapid(argv: readonly string[], env: Readonly<Record<string, string>>): Promise<RapidProcess> {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', process.execPath, ...argv], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  let log = '';
  child.stdout.on('data', (bytes) => (said += bytes));
  child.stderr.on('data', (bytes) => (log += bytes));
  const ended = once(child, 'close').then(([code, name]: (NodeJS.Signals | number)[]) => name ?? code ?? 0);
  await once(child, 'spawn');
  const pid = child.pid as number;
  const what = argv.join(' ');
  const words = () => `${said}${log}`.slice(-4000);
  const isOver = () => child.exitCode !== null || child.signalCode !== null;
  await until(
    what,
    () => {
      if (isOver()) throw new Error(`${what} ended at once:\n${words()}`);
      return said.includes('is ready');
    },
    { within: STARTING_MS },
  );

  let left = false;
  const leave = async () => {
    left = true;
    signal(pid, 'SIGTERM');
    signal(pid, 'SIGCONT');
    await until(`the end of ${what}`, isOver, { within: STOPPING_MS });
    return await ended;
  };

  return {
    pid,
    ready: said.trim(),
    lives: () => !isOver(),
    ended,
    leave,
    async stop() {
      if (left || child.signalCode === 'SIGKILL') return;
      const end = await leave();
      if (end !== 0) throw new Error(`${what} ended with ${end}:\n${words()}`);
    },
    async kill() {
      signal(pid, 'SIGKILL');
      await ended;
    },
    freeze: () => signal(pid, 'SIGSTOP'),
    thaw: () => signal(pid, 'SIGCONT'),
  };
}
