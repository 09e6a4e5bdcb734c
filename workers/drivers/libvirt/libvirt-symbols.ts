// libvirt's C functions as they stand in its headers, bound through koffi. Only the thread of a connection loads this: the calls
// are synchronous and may take long, and libvirt keeps the last error per thread.
import koffi from 'koffi';
import { ErrorNumber } from './error-number.js';
import { LibvirtError } from './libvirt-error.js';

/** An address in libvirt's memory; null is C's NULL. */
export type Pointer = bigint | null;

/** A 64-bit number: koffi gives a bigint where a number would not hold it. */
type Wide = number | bigint;

const VirError = koffi.struct({ code: 'int', domain: 'int', message: 'str', level: 'int' });
const VirNodeMemoryStats = koffi.struct({ field: koffi.array('char', 80, 'String'), value: 'ulonglong' });
koffi.struct('VirDomainInfo', {
  state: 'uchar',
  maxMem: 'ulong',
  memory: 'ulong',
  nrVirtCpu: 'ushort',
  cpuTime: 'ulonglong',
});
koffi.struct('VirDomainControlInfo', { state: 'uint', details: 'uint', stateTime: 'ulonglong' });
koffi.struct('VirNodeInfo', {
  model: koffi.array('char', 32, 'String'),
  memory: 'ulong',
  cpus: 'uint',
  mhz: 'uint',
  nodes: 'uint',
  sockets: 'uint',
  cores: 'uint',
  threads: 'uint',
});

type ObjectCall = (object: Pointer) => number;
type TextOf = (object: Pointer) => string | null;
type Lookup = (connection: Pointer, key: string) => Pointer;
type VersionCall = (connection: Pointer, into: Wide[]) => number;
/** 1 when the parameter is there, 0 when not. */
type TypedParameter<T> = (parameters: Pointer, count: number, name: string, into: T[]) => number;

function load(library: string) {
  try {
    return koffi.load(library);
  } catch {
    throw new LibvirtError(
      ErrorNumber.noSupport,
      0,
      `${library} cannot be loaded on this machine: install the package libvirt0 (Debian, Ubuntu) or libvirt-libs (Fedora, RHEL)`,
    );
  }
}

/** Binds the functions. Throws LibvirtError when the machine has no such library. */
export function bindLibvirt(library: string) {
  const c = load(library);
  return {
    connectOpen: c.func('void *virConnectOpen(str)') as (uri: string) => Pointer,
    connectClose: c.func('int virConnectClose(void *)') as ObjectCall,
    connectIsAlive: c.func('int virConnectIsAlive(void *)') as ObjectCall,
    connectGetType: c.func('str virConnectGetType(void *)') as TextOf,
    connectGetLibVersion: c.func('int virConnectGetLibVersion(void *, _Out_ ulong *)') as VersionCall,
    connectGetVersion: c.func('int virConnectGetVersion(void *, _Out_ ulong *)') as VersionCall,
    nodeGetInfo: c.func('int virNodeGetInfo(void *, _Out_ VirNodeInfo *)') as (
      connection: Pointer,
      into: { model?: string; memory?: Wide; cpus?: number },
    ) => number,
    nodeGetMemoryStats: c.func('int virNodeGetMemoryStats(void *, int, void *, _Inout_ int *, uint)') as (
      connection: Pointer,
      cell: number,
      into: Buffer | null,
      count: number[],
      flags: number,
    ) => number,
    nodeGetFreeMemory: c.func('ulonglong virNodeGetFreeMemory(void *)') as (connection: Pointer) => Wide,
    listAllDomains: c.func('int virConnectListAllDomains(void *, _Out_ void **, uint)') as (
      connection: Pointer,
      into: Pointer[],
      flags: number,
    ) => number,
    domainLookupByUuid: c.func('void *virDomainLookupByUUIDString(void *, str)') as Lookup,
    domainLookupByName: c.func('void *virDomainLookupByName(void *, str)') as Lookup,
    domainDefineXml: c.func('void *virDomainDefineXMLFlags(void *, void *, uint)') as (
      connection: Pointer,
      xml: Buffer,
      flags: number,
    ) => Pointer,
    domainFree: c.func('int virDomainFree(void *)') as ObjectCall,
    domainCreate: c.func('int virDomainCreate(void *)') as ObjectCall,
    domainShutdown: c.func('int virDomainShutdown(void *)') as ObjectCall,
    domainDestroy: c.func('int virDomainDestroy(void *)') as ObjectCall,
    domainUndefine: c.func('int virDomainUndefineFlags(void *, uint)') as (domain: Pointer, flags: number) => number,
    domainIsActive: c.func('int virDomainIsActive(void *)') as ObjectCall,
    domainGetName: c.func('str virDomainGetName(void *)') as TextOf,
    domainGetUuidString: c.func('int virDomainGetUUIDString(void *, void *)') as (domain: Pointer, into: Buffer) => number,
    domainGetInfo: c.func('int virDomainGetInfo(void *, _Out_ VirDomainInfo *)') as (
      domain: Pointer,
      into: { maxMem?: Wide; nrVirtCpu?: number },
    ) => number,
    domainGetState: c.func('int virDomainGetState(void *, _Out_ int *, _Out_ int *, uint)') as (
      domain: Pointer,
      state: number[],
      reason: number[],
      flags: number,
    ) => number,
    domainGetControlInfo: c.func('int virDomainGetControlInfo(void *, _Out_ VirDomainControlInfo *, uint)') as (
      domain: Pointer,
      into: { state?: number },
      flags: number,
    ) => number,
    domainMigrateToUri3: c.func('int virDomainMigrateToURI3(void *, str, void *, uint, uint)') as (
      domain: Pointer,
      uri: string,
      parameters: Pointer,
      count: number,
      flags: number,
    ) => number,
    domainGetJobStats: c.func('int virDomainGetJobStats(void *, _Out_ int *, _Inout_ void **, _Inout_ int *, uint)') as (
      domain: Pointer,
      type: number[],
      parameters: Pointer[],
      count: number[],
      flags: number,
    ) => number,
    domainAbortJob: c.func('int virDomainAbortJob(void *)') as ObjectCall,
    domainBlockResize: c.func('int virDomainBlockResize(void *, str, ulonglong, uint)') as (
      domain: Pointer,
      disk: string,
      size: number,
      flags: number,
    ) => number,
    secretDefineXml: c.func('void *virSecretDefineXML(void *, str, uint)') as (connection: Pointer, xml: string, flags: number) => Pointer,
    secretSetValue: c.func('int virSecretSetValue(void *, void *, size_t, uint)') as (
      secret: Pointer,
      value: Buffer,
      size: number,
      flags: number,
    ) => number,
    secretFree: c.func('int virSecretFree(void *)') as ObjectCall,
    typedParamsAddUllong: c.func('int virTypedParamsAddULLong(_Inout_ void **, _Inout_ int *, _Inout_ int *, str, ulonglong)') as (
      parameters: Pointer[],
      count: number[],
      room: number[],
      name: string,
      value: number,
    ) => number,
    typedParamsGetInt: c.func('int virTypedParamsGetInt(void *, int, str, _Out_ int *)') as TypedParameter<number>,
    typedParamsGetUllong: c.func('int virTypedParamsGetULLong(void *, int, str, _Out_ ulonglong *)') as TypedParameter<Wide>,
    typedParamsFree: c.func('void virTypedParamsFree(void *, int)') as (parameters: Pointer, count: number) => void,
    getLastError: c.func('void *virGetLastError(void)') as () => Pointer,
    setErrorFunc: c.func('void virSetErrorFunc(void *, void *)') as (userData: Pointer, handler: Pointer) => void,
    /** The address of a function, not bound to be called from here. */
    addressOf: (name: string): Pointer => c.symbol(name),
  };
}

export type LibvirtSymbols = ReturnType<typeof bindLibvirt>;

/** The content of a virError. */
export function readError(address: Pointer): { code: number; domain: number; message: string | null } {
  return koffi.decode(address, VirError);
}

/** The addresses in an array that libvirt allocated, which is freed. */
export function takePointers(array: Pointer, count: number): Pointer[] {
  try {
    return count === 0 ? [] : koffi.decode(array, 'void *', count);
  } finally {
    koffi.free(array);
  }
}

/** Room for so many virNodeMemoryStats. */
export function memoryStatsBuffer(count: number): Buffer {
  return Buffer.alloc(Math.max(1, count) * koffi.sizeof(VirNodeMemoryStats));
}

/** The virNodeMemoryStats in a buffer, by field name, in KiB. */
export function readMemoryStats(buffer: Buffer, count: number): Map<string, number> {
  const stats: { field: string; value: Wide }[] = koffi.decode(buffer, VirNodeMemoryStats, count);
  return new Map(stats.map(({ field, value }) => [field, Number(value)]));
}
