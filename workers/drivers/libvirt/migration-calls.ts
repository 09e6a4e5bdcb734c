// libvirt's calls on live migrations, as functions that throw. For the thread of a connection only.
import type { MigrationProgress, MigrationTarget } from '../hypervisor.js';
import type { LibvirtSymbols, Pointer } from './libvirt-symbols.js';

// virDomainMigrateFlags. Persistent there and undefined here: a domain is defined where it should run. AUTO_CONVERGE slows a guest
// down that writes faster than its memory can be sent; otherwise its migration might never end.
const LIVE = 1;
const PEER2PEER = 2;
const PERSIST_DEST = 8;
const UNDEFINE_SOURCE = 16;
const AUTO_CONVERGE = 8192;
const FLAGS = LIVE | PEER2PEER | PERSIST_DEST | UNDEFINE_SOURCE | AUTO_CONVERGE;
const NO_FLAGS = 0;

// virDomainJobType and virDomainJobOperation. A job that has done its work or failed is still there until all is tidied up: only
// then is it certain where the guest runs.
const NO_JOB = 0;
const MIGRATION_OUT = 5;

/** A list of libvirt's typed parameters. */
interface TypedParameters {
  /** The address of the list, which libvirt allocates. */
  list: Pointer[];
  count: number[];
}

export function migrationCalls(c: LibvirtSymbols, checked: (result: number) => number) {
  function free({ list: [address = null], count: [count = 0] }: TypedParameters): void {
    c.typedParamsFree(address, count);
  }

  function int({ list: [address = null], count: [count = 0] }: TypedParameters, name: string): number | undefined {
    const into = [0];
    return checked(c.typedParamsGetInt(address, count, name, into)) === 1 ? into[0] : undefined;
  }

  function wide({ list: [address = null], count: [count = 0] }: TypedParameters, name: string): number | undefined {
    const into = [0];
    return checked(c.typedParamsGetUllong(address, count, name, into)) === 1 ? Number(into[0]) : undefined;
  }

  function progressOf(stats: TypedParameters): MigrationProgress {
    const bytesProcessed = wide(stats, 'data_processed') ?? 0;
    const bytesRemaining = wide(stats, 'data_remaining') ?? 0;
    const expectedDowntimeMs = wide(stats, 'downtime');
    return {
      // libvirt's total is the guest's memory, however often parts of it have been sent.
      bytesTotal: Math.max(wide(stats, 'data_total') ?? 0, bytesProcessed + bytesRemaining),
      bytesProcessed,
      bytesRemaining,
      ...(expectedDowntimeMs === undefined ? {} : { expectedDowntimeMs }),
    };
  }

  return {
    /** Returns when the migration has ended well, however long it takes. */
    migrateDomain(domain: Pointer, { uri, bandwidthMibPerS }: MigrationTarget): void {
      const parameters: TypedParameters = { list: [null], count: [0] };
      try {
        if (bandwidthMibPerS > 0) {
          checked(c.typedParamsAddUllong(parameters.list, parameters.count, [0], 'bandwidth', Math.ceil(bandwidthMibPerS)));
        }
        checked(c.domainMigrateToUri3(domain, uri, parameters.list[0] ?? null, parameters.count[0] ?? 0, FLAGS));
      } finally {
        free(parameters);
      }
    },
    /** Undefined when no migration to another hypervisor is under way. */
    outgoingMigration(domain: Pointer): MigrationProgress | undefined {
      const type = [0];
      const stats: TypedParameters = { list: [null], count: [0] };
      try {
        checked(c.domainGetJobStats(domain, type, stats.list, stats.count, NO_FLAGS));
        return type[0] !== NO_JOB && int(stats, 'operation') === MIGRATION_OUT ? progressOf(stats) : undefined;
      } finally {
        free(stats);
      }
    },
    abortJob: (domain: Pointer): number => checked(c.domainAbortJob(domain)),
  };
}
