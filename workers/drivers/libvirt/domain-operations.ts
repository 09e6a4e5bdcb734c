// The port's operations on domains as libvirt calls. They run in a connection's thread; each is repeatable: where libvirt fails,
// the domain's state is looked at, and what is done already counts as done.
import { parseDomainXml } from '../../../src/domain-xml/domain-description.js';
import type { DomainSighting } from '../hypervisor.js';
import { stateOf } from './domain-state.js';
import { ErrorNumber } from './error-number.js';
import { isLibvirtError, LibvirtError } from './libvirt-error.js';
import type { Libvirt, Pointer } from './libvirt-library.js';

// virDomainUndefineFlags. libvirt refuses to undefine what has a saved memory image, or records of snapshots or checkpoints, or
// firmware variables, until told what becomes of them: the first three go with the domain, the variables' file stays. Not every
// driver of libvirt knows the flags, so they are tried only after a refusal.
const UNDEFINE_WITH_RECORDS = 0b1_0011;
const UNDEFINE_KEEP_NVRAM = 0b1000;
const UNDEFINE_ATTEMPTS = [0, UNDEFINE_WITH_RECORDS, UNDEFINE_WITH_RECORDS | UNDEFINE_KEEP_NVRAM];

const FROM_NOWHERE = 0;

function sight(libvirt: Libvirt, found: Pointer): DomainSighting {
  const { state, reason } = libvirt.domainState(found);
  const { maxMemoryKib, vcpus } = libvirt.domainInfo(found);
  return {
    uuid: libvirt.domainUuid(found),
    name: libvirt.domainName(found),
    ...stateOf(state, reason),
    memoryMib: Math.ceil(maxMemoryKib / 1024),
    vcpus,
  };
}

/** The use's result, or undefined when the hypervisor does not (or no longer) know the domain. */
export function whenKnown<T>(use: () => T): T | undefined {
  try {
    return use();
  } catch (error) {
    if (isLibvirtError(error, ErrorNumber.noDomain)) return undefined;
    throw error;
  }
}

/** Frees the domain after its use. */
export function withDomain<T>(libvirt: Libvirt, find: () => Pointer, use: (found: Pointer) => T): T {
  const found = find();
  try {
    return use(found);
  } finally {
    libvirt.freeDomain(found);
  }
}

/** Does it. When libvirt fails and the domain is where it is to be, it was there before, or someone else was quicker. */
function unlessThereAlready(libvirt: Libvirt, found: Pointer, active: boolean, act: () => void): void {
  try {
    act();
  } catch (error) {
    // Not every driver of libvirt has the same number for it, so the state decides.
    if (!(error instanceof LibvirtError) || whenAnswered(() => libvirt.domainIsActive(found)) !== active) throw error;
  }
}

/** A second question after a failure: when it fails too, the first error is the one that counts. */
function whenAnswered<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch {
    return undefined;
  }
}

/** All domains; one that vanishes while the list is read is left out. */
function domains(libvirt: Libvirt, connection: Pointer): DomainSighting[] {
  const all = libvirt.listDomains(connection);
  try {
    return all.flatMap((found) => whenKnown(() => sight(libvirt, found)) ?? []);
  } finally {
    for (const found of all) libvirt.freeDomain(found);
  }
}

function domain(libvirt: Libvirt, connection: Pointer, uuid: string): DomainSighting | undefined {
  const find = () => libvirt.domainByUuid(connection, uuid);
  return whenKnown(() => withDomain(libvirt, find, (found) => sight(libvirt, found)));
}

/** Whether libvirt refused the XML because its name or UUID is another domain's; libvirt has no number for that. */
function clashes(libvirt: Libvirt, connection: Pointer, xml: string): boolean {
  const { name, uuid } = parseDomainXml(xml);
  const byName = () => libvirt.domainByName(connection, name);
  const holder = whenKnown(() => withDomain(libvirt, byName, (found) => libvirt.domainUuid(found)));
  if (holder !== undefined) return holder !== uuid;
  return uuid !== undefined && domain(libvirt, connection, uuid) !== undefined;
}

function define(libvirt: Libvirt, connection: Pointer, xml: string): void {
  try {
    libvirt.freeDomain(libvirt.defineDomain(connection, xml));
  } catch (error) {
    if (isLibvirtError(error, ErrorNumber.operationFailed) && clashes(libvirt, connection, xml)) {
      throw new LibvirtError(ErrorNumber.domExist, error.domain, error.message);
    }
    throw error;
  }
}

function start(libvirt: Libvirt, connection: Pointer, uuid: string): void {
  withDomain(
    libvirt,
    () => libvirt.domainByUuid(connection, uuid),
    (found) => {
      unlessThereAlready(libvirt, found, true, () => libvirt.createDomain(found));
    },
  );
}

function requestShutdown(libvirt: Libvirt, connection: Pointer, uuid: string): void {
  withDomain(
    libvirt,
    () => libvirt.domainByUuid(connection, uuid),
    (found) => {
      unlessThereAlready(libvirt, found, false, () => libvirt.shutdownDomain(found));
    },
  );
}

function destroy(libvirt: Libvirt, connection: Pointer, uuid: string): void {
  whenKnown(() =>
    withDomain(
      libvirt,
      () => libvirt.domainByUuid(connection, uuid),
      (found) => {
        unlessThereAlready(libvirt, found, false, () => libvirt.destroyDomain(found));
      },
    ),
  );
}

/** The domain must not run. */
function undefineSomehow(libvirt: Libvirt, found: Pointer, [flags = 0, ...more] = UNDEFINE_ATTEMPTS): void {
  try {
    libvirt.undefineDomain(found, flags);
  } catch (error) {
    if (more.length === 0 || !isLibvirtError(error, ErrorNumber.operationInvalid)) throw error;
    undefineSomehow(libvirt, found, more);
  }
}

function undefine(libvirt: Libvirt, connection: Pointer, uuid: string): void {
  whenKnown(() =>
    withDomain(
      libvirt,
      () => libvirt.domainByUuid(connection, uuid),
      (found) => {
        // libvirt would undefine a running domain too: it would run on and be forgotten when it ends.
        if (libvirt.domainIsActive(found)) {
          throw new LibvirtError(ErrorNumber.operationInvalid, FROM_NOWHERE, `domain ${libvirt.domainName(found)} is running`);
        }
        undefineSomehow(libvirt, found);
      },
    ),
  );
}

export function resizeDisk(libvirt: Libvirt, connection: Pointer, uuid: string, dev: string, sizeBytes: number): void {
  withDomain(
    libvirt,
    () => libvirt.domainByUuid(connection, uuid),
    (found) => libvirt.resizeDisk(found, dev, sizeBytes),
  );
}

// The port's operations by name. `connection` must be open; the argument is a UUID, for `define` the XML. All throw LibvirtError.
export const domainLooks = { domains, domain };
export const domainChanges = { define, start, requestShutdown, destroy, undefine };
