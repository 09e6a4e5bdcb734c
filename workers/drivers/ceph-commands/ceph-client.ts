// The commands of Ceph, as one client of the cluster: with its configuration and key, as data where they give data.
import { setTimeout as sleep } from 'node:timers/promises';
import { ClassifiedError } from '../../../src/errors/classified-error.js';
import { runCommand, type CommandResult } from '../../commands/run-command.js';
import type { CallContext } from '../call-context.js';
import { cephError, type Failure } from './ceph-errno.js';
import { parseCephJson } from './ceph-json.js';

export interface CephSettings {
  /** The configuration file. */
  conf: string;
  /** Empty: where the configuration says. */
  keyring: string;
  /** `client.admin`. */
  user: string;
  /** How long a command may take that does one small thing. */
  commandTimeoutMs: number;
  /** How long one that moves data may say nothing of how far it is. */
  silenceTimeoutMs: number;
}

interface Wish {
  /** What is to be done, for the error's text. */
  what: string;
  meanings?: Failure['meanings'];
  input?: string;
}

interface CephCommands {
  /** Runs `ceph` and answers its JSON; undefined where it gives none. */
  ceph(words: readonly string[], wish: Wish): Promise<unknown>;
  /** Runs `ceph` and answers its exit code, which the caller judges. */
  tryCeph(words: readonly string[]): Promise<CommandResult>;
  cephText(words: readonly string[], wish: Wish): Promise<string>;
  /** Runs `rados` and answers its JSON. */
  rados(words: readonly string[], wish: Wish): Promise<unknown>;
  /** Runs `rbd` and answers its exit code, which the caller judges. */
  tryRbd(words: readonly string[]): Promise<CommandResult>;
  /** Runs `rbd` and answers its JSON. */
  rbdJson(words: readonly string[], wish: Wish): Promise<unknown>;
  rbd(words: readonly string[], wish: Wish): Promise<void>;
  /** Runs one of rbd's commands that take long and tell how far they are, and answers its exit code. */
  tryRbdLong(words: readonly string[]): Promise<CommandResult>;
  rbdLong(words: readonly string[], wish: Wish): Promise<void>;
}

/** The commands that only look. */
export interface CephClient extends CephCommands {
  /** Those that change something: each is permitted right before it is started. */
  readonly changing: CephCommands;
  /**
   * Runs several of `ceph`'s commands in one process, which takes a third of a second of a processor however little it does; answers what each
   * says, as data or as text. The commands are Ceph's words alone: nothing of anybody else's stands in them.
   */
  cephEach(commands: readonly string[], wish: Wish): Promise<unknown[]>;
  cephTextEach(commands: readonly string[], wish: Wish): Promise<string[]>;
  /** Throws the signal's reason once that has aborted. */
  pause(ms: number): Promise<void>;
}

const AS_JSON = ['--format', 'json'];
/** `Image copy: 42% complete...`, and `...done.` at the end. */
const PROGRESS = /(?:^|\D)(\d{1,3})% complete/;

export function cephClient(settings: CephSettings, context: CallContext = {}): CephClient {
  const { permit: _, ...looking } = context;
  const look = cephCommands(settings, looking);
  const asked = (commands: readonly string[]) => commands.map((command) => `${command}\n`).join('');
  return {
    ...look,
    async cephEach(commands, wish) {
      const said = await look.cephText(AS_JSON, { ...wish, input: asked(commands) });
      const lines = said.split('\n').filter((line) => line !== '');
      return allOf(commands, lines, wish).map((line) => parseCephJson(line, wish.what));
    },
    async cephTextEach(commands, wish) {
      // What is said of the cluster's ID stands between two answers.
      const said = await look.cephText([], { ...wish, input: asked(commands.flatMap((command) => [command, 'fsid'])) });
      const texts = said.split(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\n/m).slice(0, -1);
      return allOf(commands, texts, wish).map((text) => text.replace(/^\n/, '').slice(0, -1));
    },
    changing: cephCommands(settings, context),
    async pause(ms) {
      await sleep(ms, undefined, context.signal && { signal: context.signal }).catch(() => undefined);
      context.signal?.throwIfAborted();
    },
  };
}

/** A command that fails among others says nothing, and ends none of them. */
function allOf(commands: readonly string[], answers: string[], { what }: Wish): string[] {
  if (answers.length === commands.length) return answers;
  throw new ClassifiedError('environment_error', `Ceph could not ${what}: not all of ${commands.join(', ')} were answered`);
}

function cephCommands(settings: CephSettings, { signal, permit, onStderr, onProgress }: CallContext): CephCommands {
  const identity = ['--conf', settings.conf, '--name', settings.user, ...(settings.keyring === '' ? [] : ['--keyring', settings.keyring])];

  const run = (program: string, words: readonly string[], input?: string): Promise<CommandResult> =>
    runCommand(program, [...identity, ...words], {
      timeoutMs: settings.commandTimeoutMs,
      signal,
      permit,
      onStderr,
      ...(input === undefined ? {} : { input }),
    });

  async function must(running: Promise<CommandResult>, { what, meanings }: Wish): Promise<string> {
    const { exitCode, stdout, stderr } = await running;
    if (exitCode !== 0) throw cephError({ what, exitCode, stderr, meanings });
    return stdout;
  }

  /** Progress is told as such; what else stands in standard error goes to the log. */
  const takeProgress = (line: string) => {
    const percent = PROGRESS.exec(line)?.[1];
    if (percent === undefined) onStderr?.(line);
    else onProgress?.(Number(percent) / 100);
  };
  const quietly = (line: string) => {
    if (!PROGRESS.test(line)) onStderr?.(line);
  };

  const tryRbd = (words: readonly string[]) =>
    runCommand('rbd', [...identity, ...words], { timeoutMs: settings.commandTimeoutMs, signal, permit, onStderr: quietly });

  const tryRbdLong = (words: readonly string[]) =>
    runCommand('rbd', [...identity, ...words], {
      timeoutMs: settings.silenceTimeoutMs,
      restartsWithOutput: true,
      signal,
      permit,
      onStderr: takeProgress,
    });

  return {
    ceph: async (words, wish) => parseCephJson(await must(run('ceph', [...AS_JSON, ...words], wish.input), wish), wish.what),
    tryCeph: (words) => run('ceph', [...AS_JSON, ...words]),
    cephText: (words, wish) => must(run('ceph', words, wish.input), wish),
    rados: async (words, wish) => parseCephJson(await must(run('rados', [...AS_JSON, ...words]), wish), wish.what),
    tryRbd,
    rbdJson: async (words, wish) => parseCephJson(await must(tryRbd([...AS_JSON, ...words]), wish), wish.what),
    rbd: async (words, wish) => void (await must(tryRbd(words), wish)),
    tryRbdLong,
    rbdLong: async (words, wish) => void (await must(tryRbdLong(words), wish)),
  };
}
