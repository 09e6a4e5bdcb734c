// The port's operations on live migrations as libvirt calls, in a connection's thread.
import type { MigrationProgress, MigrationTarget } from '../hypervisor.js';
import { undefineSomehow, whenKnown, withDomain } from './domain-operations.js';
import { stateOf } from './domain-state.js';
import { ErrorNumber } from './error-number.js';
import { isLibvirtError } from './libvirt-error.js';
import type { Libvirt, Pointer } from './libvirt-library.js';
import type { Whereabouts } from './thread-messages.js';

/** The outgoing migration of a domain; none where libvirt's driver cannot migrate, the domain does not run, or is only coming in. */
function outgoing(libvirt: Libvirt, found: Pointer): MigrationProgress | undefined {
  try {
    return libvirt.domainIsActive(found) ? libvirt.outgoingMigration(found) : undefined;
  } catch (error) {
    if (isLibvirtError(error, ErrorNumber.noSupport) || isLibvirtError(error, ErrorNumber.operationUnsupported)) return undefined;
    // It ended between the two questions.
    if (isLibvirtError(error, ErrorNumber.operationInvalid) && !libvirt.domainIsActive(found)) return undefined;
    throw error;
  }
}

function migrationProgress(libvirt: Libvirt, connection: Pointer, uuid: string): MigrationProgress | undefined {
  const find = () => libvirt.domainByUuid(connection, uuid);
  return whenKnown(() => withDomain(libvirt, find, (found) => outgoing(libvirt, found)));
}

function abortMigration(libvirt: Libvirt, connection: Pointer, uuid: string): void {
  const abort = (found: Pointer): void => {
    if (outgoing(libvirt, found) === undefined) return;
    try {
      libvirt.abortJob(found);
    } catch (error) {
      // It may have ended by itself meanwhile.
      if (outgoing(libvirt, found) !== undefined) throw error;
    }
  };
  whenKnown(() => withDomain(libvirt, () => libvirt.domainByUuid(connection, uuid), abort));
}

function whereabouts(libvirt: Libvirt, connection: Pointer, uuid: string): Whereabouts {
  const look = (found: Pointer): Whereabouts => {
    if (outgoing(libvirt, found) !== undefined) return 'moving';
    if (libvirt.domainIsActive(found)) return 'here';
    const { state, reason } = libvirt.domainState(found);
    if (stateOf(state, reason).endReason !== 'migrated') return 'off';
    // libvirt undefines it last of all, and may have died before.
    undefineSomehow(libvirt, found);
    return 'gone';
  };
  return whenKnown(() => withDomain(libvirt, () => libvirt.domainByUuid(connection, uuid), look)) ?? 'gone';
}

/** Returns when the guest runs at the target, however long it takes. */
export function migrate(libvirt: Libvirt, connection: Pointer, uuid: string, target: MigrationTarget): void {
  withDomain(
    libvirt,
    () => libvirt.domainByUuid(connection, uuid),
    (found) => libvirt.migrateDomain(found, target),
  );
}

/** By name, with the UUID as their argument. All throw LibvirtError. */
export const migrationOperations = { migrationProgress, abortMigration, whereabouts };
