// The port's operations on live migrations as libvirt calls, in a connection's thread.
import type { MigrationProgress, MigrationTarget } from '../hypervisor.js';
import { whenKnown, withDomain } from './domain-operations.js';
import { stateOf } from './domain-state.js';
import { ErrorNumber } from './error-number.js';
import { isLibvirtError } from './libvirt-error.js';
import type { Libvirt, Pointer } from './libvirt-library.js';
import type { Quiet, Whereabouts } from './thread-messages.js';

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

/** Fine when none is under way. */
export function abortMigration(libvirt: Libvirt, connection: Pointer, uuid: string): void {
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

function whereaboutsOf(libvirt: Libvirt, found: Pointer): Whereabouts {
  if (outgoing(libvirt, found) !== undefined) return 'moving';
  if (libvirt.domainIsActive(found)) return 'here';
  const { state, reason } = libvirt.domainState(found);
  // libvirt undefines it last of all, and may have died before.
  return stateOf(state, reason).endReason === 'migrated' ? 'left' : 'off';
}

function whereabouts(libvirt: Libvirt, connection: Pointer, uuid: string): Whereabouts {
  const find = () => libvirt.domainByUuid(connection, uuid);
  return whenKnown(() => withDomain(libvirt, find, (found) => whereaboutsOf(libvirt, found))) ?? 'gone';
}

/** Whether libvirt has a job of a domain that runs. Of one that does not it cannot be asked; its jobs are short. */
function hasJob(libvirt: Libvirt, found: Pointer): boolean {
  try {
    return libvirt.domainIsActive(found) && libvirt.domainHasJob(found);
  } catch (error) {
    if (isLibvirtError(error, ErrorNumber.noSupport)) return false;
    // It ended between the two questions.
    if (isLibvirtError(error, ErrorNumber.operationInvalid)) return true;
    throw error;
  }
}

function quiet(libvirt: Libvirt, connection: Pointer, uuid: string): Quiet {
  const look = (found: Pointer): Quiet => {
    const where = whereaboutsOf(libvirt, found);
    if (where === 'moving') return 'moving';
    if (hasJob(libvirt, found)) return 'busy';
    const { state, reason } = libvirt.domainState(found);
    return `${where} ${state} ${reason}`;
  };
  return whenKnown(() => withDomain(libvirt, () => libvirt.domainByUuid(connection, uuid), look)) ?? 'gone ';
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
export const migrationLooks = { migrationProgress, whereabouts, quiet };
