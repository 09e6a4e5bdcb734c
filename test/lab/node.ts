/** One hypervisor node: its own network, mount and host name, with virtlogd, libvirtd and the guests inside. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { linkExists } from './bridge.js';
import { NODE_MOUNTS, writeNodeFiles } from './node-files.js';
import type { NodeDescription } from './plan.js';
import { allPids, killAll, pidInFile, sees, signal } from './processes.js';
import { listens } from './tcp.js';
import { until } from './until.js';

const LIBVIRT_PORT = 16509;

export interface CommandOptions {
  /** The working folder; the caller's one by default. */
  readonly cwd?: string;
}

export class HypervisorNode {
  readonly description: NodeDescription;

  constructor(description: NodeDescription) {
    this.description = description;
  }

  get name(): string {
    return this.description.name;
  }

  get uri(): string {
    return this.description.uri;
  }

  /** Switches the node on, or mends what is broken of it; guests that run keep running if they can. */
  async start(): Promise<void> {
    if (!(await this.plugged())) {
      // Without its cable the node's namespace is lost too, or was never there.
      await this.stop();
      await writeNodeFiles(this.description);
      await this.plugIn();
    }
    if (this.holder === undefined) {
      await this.endProcesses();
      await writeNodeFiles(this.description);
      await this.hold();
    }
    await this.reconnect();
    if (this.pidOf('virtlogd') === undefined) await this.runDaemon('virtlogd');
    await this.startLibvirtd();
  }

  /** Pulls the plug: every process in the node is killed. Definitions of guests stay on its disk for `start`. */
  async stop(): Promise<void> {
    await this.endProcesses();
    const { netns, veth } = this.description;
    if (await linkExists(veth)) await execa('ip', ['link', 'delete', 'dev', veth]);
    if (await this.hasNetns()) await execa('ip', ['netns', 'delete', netns]);
  }

  /** Takes the node away with all that it had on disk. */
  async remove(): Promise<void> {
    await this.stop();
    await rm(this.description.dir, { recursive: true, force: true });
  }

  /** Whether the node is on, reachable, and libvirt answers there. */
  async isUp(): Promise<boolean> {
    if (this.holder === undefined || this.pidOf('virtlogd') === undefined || this.pidOf('libvirtd') === undefined) return false;
    return listens(this.description.address, LIBVIRT_PORT);
  }

  /** libvirtd's process id while it runs. */
  get libvirtdPid(): number | undefined {
    return this.pidOf('libvirtd');
  }

  /** Ends libvirtd alone, without warning; guests go on. */
  async killLibvirtd(): Promise<void> {
    const pid = this.pidOf('libvirtd');
    if (pid === undefined) return;
    signal(pid, 'SIGKILL');
    await until(`the end of libvirtd on ${this.name}`, () => this.pidOf('libvirtd') === undefined);
  }

  async startLibvirtd(): Promise<void> {
    if (this.pidOf('libvirtd') === undefined) await this.runDaemon('libvirtd', '--listen');
    await until(`libvirtd on ${this.name}`, () => listens(this.description.address, LIBVIRT_PORT));
  }

  /** Pulls the network cable: the node goes on but nobody reaches it. */
  async cutOff(): Promise<void> {
    await execa('ip', ['link', 'set', 'dev', this.description.veth, 'down']);
  }

  async reconnect(): Promise<void> {
    const { veth, bridge } = this.description;
    await execa('ip', ['link', 'set', 'dev', veth, 'master', bridge, 'up']);
  }

  /**
   * The command line that runs a program inside the node. It replaces itself by the program (same process id), and
   * the program dies with the node.
   */
  command(argv: readonly string[], { cwd = process.cwd() }: CommandOptions = {}): [string, ...string[]] {
    const holder = this.holder;
    if (holder === undefined) throw new Error(`node ${this.name} is off`);
    return ['nsenter', '--target', String(holder), '--net', '--mount', '--uts', `--wdns=${cwd}`, '--', ...argv];
  }

  /** The process that keeps the node's mount and host name namespaces; all others in the node may come and go. */
  private get holder(): number | undefined {
    return this.insider(join(this.description.dir, 'holder.pid'));
  }

  private pidOf(daemon: 'libvirtd' | 'virtlogd'): number | undefined {
    return this.insider(join(this.description.dir, 'run', `${daemon}.pid`));
  }

  private insider(pidFile: string): number | undefined {
    const pid = pidInFile(pidFile);
    return pid !== undefined && this.isInside(pid) ? pid : undefined;
  }

  private isInside(pid: number): boolean {
    return sees(pid, NODE_MOUNTS.etc, join(this.description.dir, 'etc'));
  }

  private async runDaemon(daemon: 'libvirtd' | 'virtlogd', ...options: string[]): Promise<void> {
    const pidFile = `${NODE_MOUNTS.run}/${daemon}.pid`;
    const [program, ...parameters] = this.command([daemon, '--daemon', '--pid-file', pidFile, ...options], { cwd: '/' });
    await execa(program, parameters, { stdin: 'ignore' });
  }

  private async plugged(): Promise<boolean> {
    const [veth, netns] = await Promise.all([linkExists(this.description.veth), this.hasNetns()]);
    return veth && netns;
  }

  private async plugIn(): Promise<void> {
    const { netns, veth, mac, address, gateway } = this.description;
    await execa('ip', ['netns', 'add', netns]);
    await execa('ip', ['link', 'add', 'name', veth, 'type', 'veth', 'peer', 'name', 'eth0', 'address', mac, 'netns', netns]);
    const inside = (...words: string[]) => execa('ip', ['-netns', netns, ...words]);
    await inside('link', 'set', 'dev', 'lo', 'up');
    await inside('address', 'add', `${address}/24`, 'dev', 'eth0');
    await inside('link', 'set', 'dev', 'eth0', 'up');
    await inside('route', 'add', 'default', 'via', gateway);
  }

  private async hold(): Promise<void> {
    const { dir, netns, name } = this.description;
    const pidFile = join(dir, 'holder.pid');
    const mounts = Object.entries(NODE_MOUNTS).map(([folder, path]) => `mkdir -p ${path}; mount --bind "$1/${folder}" ${path}`);
    // A /sys that shows the node's network devices; without cgroups, so that libvirt leaves none behind.
    const script = `umount -l /sys; mount -t sysfs sysfs /sys; ${mounts.join('; ')}; mount --bind "$1/hosts" /etc/hosts
      hostname "$2"; echo $$ >"$3"; exec sleep infinity`;
    const unshare = ['unshare', '--mount', '--uts', '--propagation', 'private'];
    const child = spawn('nsenter', [`--net=/run/netns/${netns}`, ...unshare, 'sh', '-ec', script, 'hold', dir, name, pidFile], {
      cwd: '/',
      detached: true,
      stdio: 'ignore',
    });
    await once(child, 'spawn');
    child.unref();
    await until(
      `the namespaces of ${name}`,
      () => {
        if (child.exitCode !== null) throw new Error(`the namespaces of ${name} could not be set up`);
        return this.holder !== undefined;
      },
      { every: 10 },
    );
  }

  private endProcesses(): Promise<void> {
    return killAll(`node ${this.name}`, async () => {
      const mounted = allPids().filter((pid) => this.isInside(pid));
      const { stdout } = await execa('ip', ['netns', 'pids', this.description.netns], { reject: false });
      return [...new Set([...mounted, ...stdout.split('\n').filter(Boolean).map(Number)])];
    });
  }

  private async hasNetns(): Promise<boolean> {
    const { stdout } = await execa('ip', ['netns', 'list']);
    return stdout.split('\n').some((line) => line.split(' ')[0] === this.description.netns);
  }
}
