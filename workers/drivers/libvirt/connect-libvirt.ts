// A hypervisor behind libvirt, as the port wants it.
import type { DomainSighting, HostFacts, MigrationProgress, NodeHypervisor } from '../hypervisor.js';
import { createConnectionPool } from './connection-pool.js';
import { createMigrations } from './migrations.js';
import type { OperationName } from './thread-messages.js';

export interface LibvirtOptions {
  /** `qemu:///system`, `qemu+tcp://hv1/system`, `test:///default`… */
  uri: string;
  /** How many calls may be under way at once, each on a connection and a thread of its own; opened as they are needed. */
  connections?: number;
  /**
   * How long a call may wait for a free connection, and how long it may then take, before it is given up. Migrations take as long as they
   * take, but may not be nowhere to be seen for so long.
   */
  callTimeoutMs?: number;
  /** libvirt's client library, as the dynamic loader finds it. */
  library?: string;
}

const DEFAULT_CONNECTIONS = 4;
const DEFAULT_CALL_TIMEOUT_MS = 60_000;

/**
 * Connects to a hypervisor. A connection that breaks is opened anew by the next call.
 * environment_error: it does not answer, refuses, or this machine has no libvirt; wrong_input: libvirt makes nothing of the URI.
 */
export async function connectLibvirt({
  uri,
  connections = DEFAULT_CONNECTIONS,
  callTimeoutMs = DEFAULT_CALL_TIMEOUT_MS,
  library = 'libvirt.so.0',
}: LibvirtOptions): Promise<NodeHypervisor> {
  const pool = createConnectionPool({ uri, library, connections, callTimeoutMs });
  const run = <T>(operation: OperationName, argument = '') => pool.run({ operation, argument }) as Promise<T>;
  const migrations = createMigrations({ uri, library, run, lostAfterMs: callTimeoutMs });
  try {
    await run('open');
  } catch (error) {
    await pool.close();
    throw error;
  }
  return {
    host: () => run<HostFacts>('host'),
    domains: () => run<DomainSighting[]>('domains'),
    domain: (uuid) => run<DomainSighting | undefined>('domain', uuid),
    define: (xml) => run<void>('define', xml),
    start: (uuid) => run<void>('start', uuid),
    requestShutdown: (uuid) => run<void>('requestShutdown', uuid),
    destroy: (uuid) => run<void>('destroy', uuid),
    undefine: (uuid) => run<void>('undefine', uuid),
    migrate: (uuid, target) => migrations.migrate(uuid, target),
    migrationProgress: (uuid) => run<MigrationProgress | undefined>('migrationProgress', uuid),
    abortMigration: (uuid) => migrations.abort(uuid),
    async resizeDisk(uuid, dev, sizeBytes) {
      await pool.run({ operation: 'resizeDisk', argument: uuid, dev, sizeBytes });
    },
    async defineCephSecret(secret) {
      await pool.run({ operation: 'defineCephSecret', argument: '', secret });
    },
    async close() {
      await Promise.all([migrations.close(), pool.close()]);
    },
  };
}
