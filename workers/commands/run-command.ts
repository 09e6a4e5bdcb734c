// Runs one command, whose words no shell reads: in English, with a time limit, ended by a signal, and never outliving the process that runs it.
import { uptime } from 'node:os';
import { execa } from 'execa';
import { PERMIT_VALID_MS, type Permit } from '../../src/cluster/permit.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { readLines } from './read-lines.js';

export interface CommandOptions {
  /** How long it may take. */
  timeoutMs: number;
  /** The time counts anew whenever the command writes something: for those that tell how far they are. */
  restartsWithOutput?: boolean;
  /** Ends the command; the call rejects with its reason. */
  signal?: AbortSignal | undefined;
  /** Asked right before the command is started; what it throws is thrown. While it runs it is not asked again. */
  permit?: Permit | undefined;
  input?: string;
  env?: Readonly<Record<string, string>>;
  /** Told each line of standard error; the end of a line may be a carriage return. */
  onStderr?: ((line: string) => void) | undefined;
}

export interface CommandResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** How long a command may take to end when it is asked to. */
const KILL_AFTER_MS = 2000;
/** What is kept of standard error, for the log. */
const LAST_WORDS = 4000;
/** setpriv's exit code when there is no such program. */
const NOT_FOUND = 127;

/** The exit code of a command that was not begun because its permit was too old: none of Ceph's, no shell's, and no signal's. */
const TOO_LATE = 219;
/**
 * Begins the command unless the time is over, in hundredths of a second of the system's own clock. It is the command's process that looks:
 * the one that starts it may stand still at any moment, and go on much later.
 */
const UNLESS_TOO_LATE = 'read -r now rest </proc/uptime; [ "${now%.*}${now#*.}" -le "$0" ] || exit 219; exec "$@"';

/**
 * Resolves with whatever exit code the command ends with. environment_error: it could not be started, took too long, or was killed by
 * somebody else.
 */
export async function runCommand(program: string, args: readonly string[], { permit, ...options }: CommandOptions): Promise<CommandResult> {
  if (permit === undefined) return await run(program, [program, ...args], options);
  for (;;) {
    options.signal?.throwIfAborted();
    const until = Math.floor(uptime() * 100 + PERMIT_VALID_MS / 10);
    await permit();
    const result = await run(program, ['sh', '-c', UNLESS_TOO_LATE, String(until), program, ...args], options);
    if (result.exitCode !== TOO_LATE) return result;
  }
}

async function run(program: string, words: readonly string[], options: Omit<CommandOptions, 'permit'>): Promise<CommandResult> {
  const { timeoutMs, restartsWithOutput = false, signal, input, env = {}, onStderr = () => undefined } = options;
  signal?.throwIfAborted();
  // The kernel ends the command when this process is killed: else it would go on while another worker does the same anew.
  const child = execa('setpriv', ['--pdeathsig', 'KILL', ...words], {
    env: { ...env, LC_ALL: 'C.UTF-8' },
    // A group of its own, so that what the command itself has started ends with it.
    detached: true,
    reject: false,
    buffer: { stdout: true, stderr: false },
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
  });
  let tookTooLong = false;
  let stubborn: NodeJS.Timeout | undefined;
  const end = () => {
    stubborn ??= setTimeout(() => signalGroup(child.pid, 'SIGKILL'), KILL_AFTER_MS);
    signalGroup(child.pid, 'SIGTERM');
  };
  const tooLong = () => {
    tookTooLong = true;
    end();
  };
  let limit = setTimeout(tooLong, timeoutMs);
  signal?.addEventListener('abort', end, { once: true });
  let stderr = '';
  const lines = readLines(onStderr);
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = `${stderr}${text}`.slice(-LAST_WORDS);
    lines.take(text);
    if (!restartsWithOutput || tookTooLong) return;
    clearTimeout(limit);
    limit = setTimeout(tooLong, timeoutMs);
  });
  try {
    const ended = await child;
    lines.end();
    signal?.throwIfAborted();
    const failure = (text: string) => {
      const cause = new Error(`${words.join(' ')}: ${ended.shortMessage ?? ''}\n${stderr}`);
      return new ClassifiedError('environment_error', `${program} ${text}`, { cause });
    };
    if (tookTooLong) throw failure(`gave no answer within ${timeoutMs / 1000} s`);
    if (ended.exitCode === undefined) throw failure('could not be run, or was killed');
    if (ended.exitCode === NOT_FOUND) throw failure('is not installed here');
    return { exitCode: ended.exitCode, stdout: ended.stdout, stderr };
  } finally {
    clearTimeout(limit);
    clearTimeout(stubborn);
    signal?.removeEventListener('abort', end);
  }
}

function signalGroup(leader: number | undefined, name: NodeJS.Signals): void {
  try {
    if (leader !== undefined) process.kill(-leader, name);
  } catch (error) {
    // All of the group have ended by themselves.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
