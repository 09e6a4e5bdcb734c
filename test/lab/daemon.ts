/** One server process of the lab (Redis, ZooKeeper, an agent): started in a folder of its own, found again through it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pidInFile, signal, workingFolder } from './processes.js';
import { until } from './until.js';

export interface DaemonSpec {
  readonly name: string;
  /** Its working folder; the log and the process id are kept there too. */
  readonly dir: string;
  readonly argv: readonly [string, ...string[]];
  /** Its environment; the caller's by default. */
  readonly env?: NodeJS.ProcessEnv;
  /** Whether it goes on when the process that started it ends. */
  readonly outlive: boolean;
  /** Answers whether it serves requests now. */
  readonly ready: () => Promise<boolean>;
}

export class Daemon {
  private readonly spec: DaemonSpec;

  constructor(spec: DaemonSpec) {
    this.spec = spec;
  }

  /** The process id while it runs. A process that took over the id works in another folder. */
  get pid(): number | undefined {
    const pid = pidInFile(this.pidFile);
    if (pid === undefined) return undefined;
    try {
      return workingFolder(pid) === realpathSync(this.spec.dir) ? pid : undefined;
    } catch {
      return undefined;
    }
  }

  async start(): Promise<void> {
    const { name, dir, argv, env = process.env, outlive, ready } = this.spec;
    mkdirSync(dir, { recursive: true });
    const log = openSync(this.logFile, 'a');
    // The kernel ends a server whose test run was killed; nobody else would.
    const [program, ...parameters] = outlive ? argv : ['setpriv', '--pdeathsig', 'KILL', ...argv];
    const child = spawn(program, parameters, { cwd: dir, env, detached: true, stdio: ['ignore', log, log] });
    closeSync(log);
    await once(child, 'spawn');
    child.unref();
    writeFileSync(this.pidFile, `${child.pid}\n`);
    await until(
      `${name} in ${dir}`,
      async () => {
        // A process that ended cannot become ready; the port may even be answered by somebody else.
        if (this.pid === undefined)
          throw new Error(`${name} in ${dir} ended at once (${child.signalCode ?? child.exitCode}):\n${this.lastWords()}`);
        return ready();
      },
      { within: 30_000, every: 20 },
    );
  }

  /** Asks it to end, and insists when it does not. */
  async stop(): Promise<void> {
    const pid = this.pid;
    if (pid === undefined) return;
    signal(pid, 'SIGTERM');
    signal(pid, 'SIGCONT');
    try {
      await this.gone(10_000);
    } catch {
      await this.kill();
    }
    rmSync(this.pidFile, { force: true });
  }

  async kill(): Promise<void> {
    if (this.pid === undefined) return;
    signal(this.pid, 'SIGKILL');
    await this.gone(10_000);
    rmSync(this.pidFile, { force: true });
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  send(name: NodeJS.Signals): void {
    if (this.pid === undefined) throw new Error(`${this.spec.name} in ${this.spec.dir} does not run`);
    signal(this.pid, name);
  }

  private gone(within: number): Promise<true> {
    return until(`the end of ${this.spec.name}`, () => this.pid === undefined, { within, every: 10 });
  }

  private lastWords(): string {
    return readFileSync(this.logFile, 'utf8').split('\n').slice(-15).join('\n');
  }

  private get pidFile(): string {
    return join(this.spec.dir, `${this.spec.name}.pid`);
  }

  private get logFile(): string {
    return join(this.spec.dir, `${this.spec.name}.log`);
  }
}
