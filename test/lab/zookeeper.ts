/** A ZooKeeper server of the lab's own: one JVM with Debian's jars, small, allowing sessions as short as 2 s. */
import { access, mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Daemon } from './daemon.js';
import { ensurePackages } from '../../workers/local-redis/debian-package.js';
import { ask, freePort } from './tcp.js';

export interface ZooKeeperOptions {
  readonly dir: string;
  /** A free one is chosen if none is given. */
  readonly port?: number;
  /** The one address to listen on (ZooKeeper takes one, or all). */
  readonly bind?: string;
  /** Whether it goes on when the process that started it ends; it does not by default. */
  readonly outlive?: boolean;
}

/** Everything needed to find the server again, also from another process. */
export interface ZooKeeperDescription extends Required<ZooKeeperOptions> {
  /** The connect string, `host:port`. */
  readonly connect: string;
}

export interface ZooKeeperHandle extends ZooKeeperDescription {
  /** Undefined while it does not run. */
  readonly pid: number | undefined;
  /** Whether it runs and serves requests. */
  isUp(): Promise<boolean>;
  stop(): Promise<void>;
  /** Ends it as a power failure would (SIGKILL). */
  kill(): Promise<void>;
  /** Starts it again, ending it first if it runs, with the same data and port. */
  restart(): Promise<void>;
  /** Lets it hang: connections stay open and nothing answers (SIGSTOP). */
  pause(): void;
  resume(): void;
}

const SERVER_JAR = '/usr/share/java/zookeeper.jar';
/** The server's warnings, in its log. Debian's zookeeper.jar names all other jars itself. */
const LOG_JAR = '/usr/share/java/slf4j-simple.jar';

export async function describeZooKeeper(options: ZooKeeperOptions): Promise<ZooKeeperDescription> {
  const { bind = '127.0.0.1', outlive = false } = options;
  const port = options.port ?? (await freePort([bind]));
  return { dir: resolve(options.dir), port, bind, outlive, connect: `${bind}:${port}` };
}

export async function startZooKeeper(options: ZooKeeperOptions): Promise<ZooKeeperHandle> {
  const handle = attachZooKeeper(await describeZooKeeper(options));
  await handle.restart();
  return handle;
}

/** A server's place in an ensemble: its number, and all of them as the settings name them. */
interface Membership {
  id: number;
  servers: string[];
}

export interface EnsembleHandle {
  readonly servers: readonly ZooKeeperHandle[];
  /** The connect string of all. */
  readonly connect: string;
  leader(): Promise<ZooKeeperHandle>;
  /** Any one that is not the leader. */
  follower(): Promise<ZooKeeperHandle>;
  stop(): Promise<void>;
}

/** Three servers that outlive any one of them. */
export async function startEnsemble(dir: string): Promise<EnsembleHandle> {
  const ids = [1, 2, 3];
  const lines = await Promise.all(
    ids.map(async (id) => `server.${id}=127.0.0.1:${await freePort(['127.0.0.1'])}:${await freePort(['127.0.0.1'])}`),
  );
  const servers = await Promise.all(
    ids.map(async (id) => attachZooKeeper(await describeZooKeeper({ dir: join(dir, `${id}`) }), { id, servers: lines })),
  );
  // None serves before it has found another one.
  await Promise.all(servers.map((server) => server.restart()));
  const inMode = async (mode: string): Promise<ZooKeeperHandle> => {
    const modes = await Promise.all(
      servers.map(async ({ bind, port, pid }) =>
        pid === undefined ? undefined : await ask(bind, port, { request: 'srvr', complete: MODE }),
      ),
    );
    const found = servers[modes.findIndex((answer) => answer?.includes(`Mode: ${mode}`))];
    if (found === undefined) throw new Error(`no server of the ensemble is a ${mode}`);
    return found;
  };
  return {
    servers,
    connect: servers.map(({ connect }) => connect).join(','),
    leader: () => inMode('leader'),
    follower: () => inMode('follower'),
    async stop() {
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}

const MODE = /Mode: \w+\n/;

/** The handle of a server that is described, whether it runs or not. */
export function attachZooKeeper(description: ZooKeeperDescription, membership?: Membership): ZooKeeperHandle {
  const { dir, port, bind, outlive } = description;
  const configFile = join(dir, 'zoo.cfg');
  const ready = async () => {
    // `ruok` is answered before the data is loaded; the mode is not known until requests are served.
    const answer = await ask(bind, port, { request: 'srvr', complete: MODE });
    return answer?.includes('Mode:') ?? false;
  };
  const daemon = new Daemon({ name: 'zookeeper', dir, argv: commandLine(configFile, membership ? 64 : 256), outlive, ready });
  return {
    ...description,
    get pid() {
      return daemon.pid;
    },
    isUp: async () => daemon.pid !== undefined && (await ready()),
    stop: () => daemon.stop(),
    kill: () => daemon.kill(),
    restart: async () => {
      await ensurePackages(['libzookeeper-java', ...((await hasJava()) ? [] : ['default-jre-headless'])]);
      await mkdir(join(dir, 'data'), { recursive: true });
      await writeFile(configFile, configuration(description, membership));
      if (membership) await writeFile(join(dir, 'data', 'myid'), `${membership.id}\n`);
      await daemon.restart();
    },
    pause: () => daemon.send('SIGSTOP'),
    resume: () => daemon.send('SIGCONT'),
  };
}

function commandLine(configFile: string, heapMib: number): [string, ...string[]] {
  return [
    'java',
    `-Xmx${heapMib}m`,
    // The serial collector and the first compiler only: on a small machine they start faster and hold less.
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    // To write these statistics the JVM changes its working folder for a moment, by which it is known here.
    '-XX:-UsePerfData',
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
    '-Dorg.slf4j.simpleLogger.showDateTime=true',
    '-Dzookeeper.jmx.log4j.disable=true',
    '-cp',
    `${SERVER_JAR}:${LOG_JAR}`,
    'org.apache.zookeeper.server.quorum.QuorumPeerMain',
    configFile,
  ];
}

function configuration({ dir, port, bind }: ZooKeeperDescription, membership?: Membership): string {
  return [
    'tickTime=1000',
    'minSessionTimeout=2000',
    'maxSessionTimeout=60000',
    `dataDir=${join(dir, 'data')}`,
    `clientPort=${port}`,
    `clientPortAddress=${bind}`,
    'maxClientCnxns=0',
    'admin.enableServer=false',
    '4lw.commands.whitelist=ruok,srvr,stat,mntr,cons,dump,wchs',
    ...(membership ? ['initLimit=20', 'syncLimit=5', ...membership.servers] : []),
    '',
  ].join('\n');
}

/** A Java that is not a Debian package does as well. */
async function hasJava(): Promise<boolean> {
  const folders = (process.env['PATH'] ?? '').split(':').filter((folder) => folder !== '');
  const found = await Promise.all(
    folders.map((folder) =>
      access(join(folder, 'java')).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}
