// libvirt as functions that throw: results are checked, what C returns through pointers is returned, and what libvirt allocates
// is freed, but for the domains handed out. For the thread of a connection only.
import { ErrorNumber } from './error-number.js';
import { LibvirtError } from './libvirt-error.js';
import {
  bindLibvirt,
  type LibvirtSymbols,
  memoryStatsBuffer,
  type Pointer,
  readError,
  readMemoryStats,
  takePointers,
} from './libvirt-symbols.js';
import { migrationCalls } from './migration-calls.js';

export type { Pointer } from './libvirt-symbols.js';

const UUID_TEXT_BYTES = 37;
const ALL_CELLS = -1;
const NO_FLAGS = 0;
/** VIR_DOMAIN_BLOCK_RESIZE_BYTES: else the size would be in KiB. */
const IN_BYTES = 1;
/** VIR_DOMAIN_CONTROL_OK: libvirt has no job of the domain, and could begin one. */
const CONTROL_OK = 0;

type Check = (result: number) => number;

/** The error of this thread's last failed call. */
function lastError(c: LibvirtSymbols): LibvirtError {
  const address = c.getLastError();
  if (address === null) return new LibvirtError(ErrorNumber.internalError, 0, 'libvirt failed without saying why');
  const { code, domain, message } = readError(address);
  return new LibvirtError(code, domain, message ?? `libvirt error ${code}`);
}

function hostCalls(c: LibvirtSymbols, checked: Check) {
  return {
    driverName: (connection: Pointer): string => c.connectGetType(connection) ?? '',
    /** Of the library at the hypervisor's end, as libvirt writes versions: 9002003 is 9.2.3. */
    libraryVersion(connection: Pointer): number {
      const into = [0];
      checked(c.connectGetLibVersion(connection, into));
      return Number(into[0]);
    },
    /** Of what runs the guests (QEMU). */
    driverVersion(connection: Pointer): number {
      const into = [0];
      checked(c.connectGetVersion(connection, into));
      return Number(into[0]);
    },
    /** `model` is the machine, as `uname -m`. */
    nodeInfo(connection: Pointer): { model: string; memoryKib: number; cpus: number } {
      const info: Parameters<LibvirtSymbols['nodeGetInfo']>[1] = {};
      checked(c.nodeGetInfo(connection, info));
      return { model: info.model ?? '', memoryKib: Number(info.memory), cpus: Number(info.cpus) };
    },
    freeMemoryBytes(connection: Pointer): number {
      const bytes = Number(c.nodeGetFreeMemory(connection));
      if (bytes === 0) throw lastError(c);
      return bytes;
    },
    /** KiB by field: total, free, buffers, cached. */
    memoryStats(connection: Pointer): Map<string, number> {
      const count = [0];
      checked(c.nodeGetMemoryStats(connection, ALL_CELLS, null, count, NO_FLAGS));
      const buffer = memoryStatsBuffer(count[0] ?? 0);
      checked(c.nodeGetMemoryStats(connection, ALL_CELLS, buffer, count, NO_FLAGS));
      return readMemoryStats(buffer, count[0] ?? 0);
    },
  };
}

function domainCalls(c: LibvirtSymbols, checked: Check) {
  const present = (result: Pointer): Pointer => {
    if (result === null) throw lastError(c);
    return result;
  };
  return {
    // To be freed with `freeDomain`:
    listDomains(connection: Pointer): Pointer[] {
      const array: Pointer[] = [null];
      const count = checked(c.listAllDomains(connection, array, NO_FLAGS));
      return takePointers(array[0] ?? null, count);
    },
    domainByUuid: (connection: Pointer, uuid: string): Pointer => present(c.domainLookupByUuid(connection, uuid)),
    domainByName: (connection: Pointer, name: string): Pointer => present(c.domainLookupByName(connection, name)),
    /** As a buffer, because koffi would copy a string to a stack of its own, which has its bounds. */
    defineDomain: (connection: Pointer, xml: string): Pointer => present(c.domainDefineXml(connection, Buffer.from(`${xml}\0`), NO_FLAGS)),

    freeDomain: (domain: Pointer): number => checked(c.domainFree(domain)),
    createDomain: (domain: Pointer): number => checked(c.domainCreate(domain)),
    shutdownDomain: (domain: Pointer): number => checked(c.domainShutdown(domain)),
    destroyDomain: (domain: Pointer): number => checked(c.domainDestroy(domain)),
    undefineDomain: (domain: Pointer, flags: number): number => checked(c.domainUndefine(domain, flags)),
    resizeDisk: (domain: Pointer, disk: string, sizeBytes: number): number =>
      checked(c.domainBlockResize(domain, disk, sizeBytes, IN_BYTES)),
    domainIsActive: (domain: Pointer): boolean => checked(c.domainIsActive(domain)) === 1,
    domainName: (domain: Pointer): string => c.domainGetName(domain) ?? '',
    domainUuid(domain: Pointer): string {
      const into = Buffer.alloc(UUID_TEXT_BYTES);
      checked(c.domainGetUuidString(domain, into));
      return into.toString('latin1', 0, UUID_TEXT_BYTES - 1);
    },
    domainInfo(domain: Pointer): { maxMemoryKib: number; vcpus: number } {
      const info: Parameters<LibvirtSymbols['domainGetInfo']>[1] = {};
      checked(c.domainGetInfo(domain, info));
      return { maxMemoryKib: Number(info.maxMem), vcpus: Number(info.nrVirtCpu) };
    },
    /** Of a domain that runs. */
    domainHasJob(domain: Pointer): boolean {
      const info: Parameters<LibvirtSymbols['domainGetControlInfo']>[1] = {};
      checked(c.domainGetControlInfo(domain, info, NO_FLAGS));
      return info.state !== CONTROL_OK;
    },
    /** virDomainState and the reason within it. */
    domainState(domain: Pointer): { state: number; reason: number } {
      const state = [0];
      const reason = [0];
      checked(c.domainGetState(domain, state, reason, NO_FLAGS));
      return { state: state[0] ?? 0, reason: reason[0] ?? 0 };
    },
  };
}

function secretCalls(c: LibvirtSymbols, checked: Check) {
  return {
    /** Defines the secret of that XML, or what it says of one that is there, and gives it its value. */
    keepSecret(connection: Pointer, xml: string, value: Buffer): void {
      const secret = c.secretDefineXml(connection, xml, NO_FLAGS);
      if (secret === null) throw lastError(c);
      try {
        checked(c.secretSetValue(secret, value, value.length, NO_FLAGS));
      } finally {
        c.secretFree(secret);
      }
    },
  };
}

/** Loads libvirt. Throws LibvirtError when the machine has no such library, as all its functions do when libvirt fails. */
export function loadLibvirt(library: string) {
  const c = bindLibvirt(library);
  // Without a handler libvirt writes each error to stderr. The handler holds for the whole process and is called on whichever
  // thread fails, so it must not be JavaScript: virResetError gets our user data, NULL, and then does nothing.
  c.setErrorFunc(null, c.addressOf('virResetError'));
  const checked: Check = (result) => {
    if (result < 0) throw lastError(c);
    return result;
  };
  return {
    open(uri: string): Pointer {
      const connection = c.connectOpen(uri);
      if (connection === null) throw lastError(c);
      return connection;
    },
    close: (connection: Pointer): number => checked(c.connectClose(connection)),
    /** False when the connection is known to be broken; a peer that went away in silence is found only by a call. */
    isAlive: (connection: Pointer): boolean => c.connectIsAlive(connection) === 1,
    ...hostCalls(c, checked),
    ...domainCalls(c, checked),
    ...migrationCalls(c, checked),
    ...secretCalls(c, checked),
  };
}

export type Libvirt = ReturnType<typeof loadLibvirt>;
