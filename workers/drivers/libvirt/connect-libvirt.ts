// A hypervisor behind libvirt, as the port wants it.
import type { Permit } from '../../../src/cluster/permit.js';
import { canonicalUuid } from '../../../src/domain-xml/domain-uuid.js';
import { inDoubt } from '../doubts.js';
import { guestIn, guestTurns } from '../guest-turns.js';
import type { DomainSighting, HostFacts, MigrationProgress, NodeHypervisor } from '../hypervisor.js';
import { createConnectionPool } from './connection-pool.js';
import { isLocal, localDaemons, noDaemons, type LivingDaemons } from './daemon-identity.js';
import { createMigrations } from './migrations.js';
import type { ChangeCall, LookName } from './thread-messages.js';
import { openUnansweredCalls, type UnansweredCalls } from './unanswered-calls.js';

export interface LibvirtOptions {
  /** `qemu:///system`, `qemu+tcp://hv1/system`, `test:///default`… */
  uri: string;
  /** How many calls may be under way at once, each on a connection and a thread of its own; opened as they are needed. */
  connections?: number;
  /**
   * How long a call may wait for its guest's turn, for a free connection, and for libvirt's answer, before it is given up. Migrations take as long as they
   * take, but may not be nowhere to be seen for so long.
   */
  callTimeoutMs?: number;
  /** libvirt's client library, as the dynamic loader finds it. */
  library?: string;
  /** The folder in which is remembered what libvirt has not answered yet, for the next process; none: it is forgotten with this one. */
  directory?: string;
  /** The libvirt daemons that live; those of this machine, where the URI leads to them. */
  daemons?: LivingDaemons;
}

const DEFAULT_CONNECTIONS = 4;
const DEFAULT_CALL_TIMEOUT_MS = 60_000;

/**
 * Connects to a hypervisor. A connection that breaks is opened anew by the next call.
 * environment_error: it does not answer, refuses, or this machine has no libvirt, or the folder cannot be read; wrong_input: libvirt makes nothing of the URI.
 */
export async function connectLibvirt({
  uri,
  connections = DEFAULT_CONNECTIONS,
  callTimeoutMs = DEFAULT_CALL_TIMEOUT_MS,
  library = 'libvirt.so.0',
  directory,
  daemons,
}: LibvirtOptions): Promise<NodeHypervisor> {
  const living = daemons ?? (isLocal(uri) ? localDaemons : noDaemons);
  const pool = createConnectionPool({ uri, library, connections, callTimeoutMs, daemons: living });
  const turns = guestTurns(callTimeoutMs);
  const look = <T>(operation: LookName, argument = '') => pool.look({ operation, argument }) as Promise<T>;
  const lookAt = async <T>(operation: LookName, uuid: string) => await turns.take(canonicalUuid(uuid), () => look<T>(operation, uuid));
  let calls: UnansweredCalls;
  try {
    await look('open');
    calls = await openUnansweredCalls({
      directory,
      daemons: living,
      look: (uuid) => look('quiet', uuid),
      patienceMs: callTimeoutMs,
    });
  } catch (error) {
    await pool.close();
    throw error;
  }

  const changeOf = async (guest: string | undefined, call: ChangeCall, permit: Permit): Promise<void> => {
    await turns.take(guest, () => pool.change(call, { permit, guest: guest === undefined ? undefined : { uuid: guest, calls } }));
  };
  const migrations = createMigrations({
    uri,
    library,
    turns,
    calls,
    daemons: living,
    look: (uuid) => look('whereabouts', uuid),
    async change(operation, uuid, permit) {
      // That a migration was asked to stop can be in nobody's way.
      const guest = operation === 'abortMigration' ? undefined : { uuid, calls };
      await pool.change({ operation, argument: uuid }, { permit, guest });
    },
    lostAfterMs: callTimeoutMs,
  });

  async function domain(uuid: string): Promise<DomainSighting | undefined> {
    const guest = canonicalUuid(uuid);
    return await turns.take(guest, async () => {
      const doubt = calls.of(guest);
      const seen = await look<DomainSighting | undefined>('domain', guest);
      if (doubt !== undefined && seen?.state !== 'running' && seen?.state !== 'paused') throw inDoubt(guest, doubt);
      return seen;
    });
  }

  const looks = {
    host: () => look<HostFacts>('host'),
    domains: () => look<DomainSighting[]>('domains'),
    domain,
    migrationProgress: (uuid: string) => lookAt<MigrationProgress | undefined>('migrationProgress', uuid),
    doubtOf: (uuid: string) => calls.of(canonicalUuid(uuid)),
    async close() {
      await Promise.all([migrations.close(), pool.close(), calls.close()]);
    },
  };

  function under(permit: Permit): NodeHypervisor {
    const change = (operation: Exclude<ChangeCall['operation'], 'migrate' | 'resizeDisk' | 'defineCephSecret'>) => async (uuid: string) =>
      await changeOf(canonicalUuid(uuid), { operation, argument: uuid }, permit);
    return {
      ...looks,
      under,
      define: async (xml) => await changeOf(guestIn(xml), { operation: 'define', argument: xml }, permit),
      start: change('start'),
      requestShutdown: change('requestShutdown'),
      destroy: change('destroy'),
      undefine: change('undefine'),
      migrate: (uuid, target) => migrations.migrate(uuid, target, permit),
      abortMigration: (uuid) => migrations.abort(uuid, permit),
      resizeDisk: async (uuid, dev, sizeBytes) =>
        await changeOf(canonicalUuid(uuid), { operation: 'resizeDisk', argument: uuid, dev, sizeBytes }, permit),
      defineCephSecret: async (secret) => await changeOf(undefined, { operation: 'defineCephSecret', argument: '', secret }, permit),
    };
  }
  // Until it is told otherwise, it is its caller alone who uses it.
  return under(async () => undefined);
}
