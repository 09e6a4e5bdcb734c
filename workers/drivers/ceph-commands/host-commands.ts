// Commands that work on this machine alone, as the OSD host runs them: a failure is the machine's.
import { ClassifiedError } from '../../../src/errors/classified-error.js';
import { runCommand, type CommandResult } from '../../commands/run-command.js';
import type { Permit } from '../../../src/cluster/permit.js';
import type { CallContext } from '../call-context.js';
import { parseCephJson } from './ceph-json.js';

interface MachineCommands {
  /** Answers standard output. environment_error: it fails. */
  text(program: string, args: readonly string[], what: string, input?: string): Promise<string>;
  json(program: string, args: readonly string[], what: string): Promise<unknown>;
  /** Answers the exit code, which the caller judges. */
  attempt(program: string, args: readonly string[]): Promise<CommandResult>;
}

/** The commands that only look. */
export interface HostCommands extends MachineCommands {
  /** Those that change something: each is permitted right before it is started. */
  readonly changing: MachineCommands;
  /** For what is changed without a command. */
  readonly permit: Permit;
}

/** `conf` is Ceph's configuration, for the commands that look for it in the environment. */
export function hostCommands(conf: string, timeoutMs: number, context: CallContext): HostCommands {
  const { permit = async () => undefined, ...looking } = context;
  return { ...machineCommands(conf, timeoutMs, looking), changing: machineCommands(conf, timeoutMs, context), permit };
}

function machineCommands(conf: string, timeoutMs: number, { signal, permit, onStderr }: CallContext): MachineCommands {
  const run = (program: string, args: readonly string[], input?: string): Promise<CommandResult> =>
    runCommand(program, args, {
      timeoutMs,
      restartsWithOutput: true,
      signal,
      permit,
      onStderr,
      env: { CEPH_CONF: conf },
      ...(input === undefined ? {} : { input }),
    });

  async function text(program: string, args: readonly string[], what: string, input?: string): Promise<string> {
    const { exitCode, stdout, stderr } = await run(program, args, input);
    if (exitCode === 0) return stdout;
    const cause = new Error(stderr.trim());
    throw new ClassifiedError('environment_error', `failed to ${what}: ${program} ended with ${exitCode}`, { cause });
  }

  return {
    text,
    json: async (program, args, what) => parseCephJson(await text(program, args, what), what),
    attempt: run,
  };
}
