// libvirt's error numbers (virErrorNumber and virErrorDomain of virterror.h, a stable ABI) and the class that each is to us.
import type { ErrorClass } from '../../../schemas/error-class.js';

/** The numbers that code here looks for by name. */
export const ErrorNumber = {
  internalError: 1,
  noSupport: 3,
  operationFailed: 9,
  domExist: 28,
  noDomain: 42,
  operationInvalid: 55,
  operationUnsupported: 84,
} as const;

/** Parts of libvirt that raise errors: the XML reader and the domain configuration. */
const FROM_XML = 5;
const FROM_DOMAIN_CONFIG = 20;

// What is not listed is environment_error. A missing network, pool or secret is too: to the caller of the port, unknown_entity
// says that the domain is not there, and of its XML it cannot be said whether it or the hypervisor is to blame.
const CLASS_OF_NUMBER: ReadonlyMap<number, ErrorClass> = new Map([
  [2, 'insufficient_resources'], // NO_MEMORY
  [4, 'resolver_error'], // UNKNOWN_HOST
  [8, 'wrong_input'], // INVALID_ARG
  [16, 'wrong_input'], // OS_TYPE
  [17, 'wrong_input'], // NO_KERNEL
  [18, 'wrong_input'], // NO_ROOT
  [19, 'wrong_input'], // NO_SOURCE
  [20, 'wrong_input'], // NO_TARGET
  [21, 'wrong_input'], // NO_NAME
  [22, 'wrong_input'], // NO_OS
  [23, 'wrong_input'], // NO_DEVICE
  [27, 'wrong_input'], // XML_ERROR
  [ErrorNumber.domExist, 'already_exists'],
  [35, 'wrong_input'], // XML_DETAIL
  [37, 'already_exists'], // NETWORK_EXIST
  [ErrorNumber.noDomain, 'unknown_entity'],
  [44, 'wrong_input'], // INVALID_MAC
  [ErrorNumber.operationInvalid, 'wrong_state'],
  [67, 'wrong_input'], // CONFIG_UNSUPPORTED
  [74, 'wrong_input'], // ARGUMENT_UNSUPPORTED
  [82, 'wrong_input'], // OVERFLOW
  [87, 'wrong_state'], // RESOURCE_BUSY
  [90, 'already_exists'], // STORAGE_VOL_EXIST
  [92, 'wrong_input'], // XML_INVALID_SCHEMA
  [110, 'resource_not_unique'], // MULTIPLE_DOMAINS
]);

/** The class of a libvirt error, from its number and the part of libvirt that raised it. */
export function errorClassOf(code: number, domain: number): ErrorClass {
  // What the readers of domain XML refuse without a number of its own (a malformed UUID) is an internal error of theirs.
  if (code === ErrorNumber.internalError && (domain === FROM_XML || domain === FROM_DOMAIN_CONFIG)) return 'wrong_input';
  return CLASS_OF_NUMBER.get(code) ?? 'environment_error';
}

// What a guest's own configuration forbids: host devices and other devices that cannot be sent, a disk that is not shared, a CPU or
// machine that the target does not have.
const NOT_LIVE: ReadonlySet<number> = new Set([
  ErrorNumber.noSupport,
  ErrorNumber.operationInvalid,
  67, // CONFIG_UNSUPPORTED
  74, // ARGUMENT_UNSUPPORTED
  81, // MIGRATE_UNSAFE
  ErrorNumber.operationUnsupported,
]);

/** The same for a live migration of a guest that is known to run still where it ran, and not to be on its way. */
export function migrationErrorClassOf(code: number, domain: number): ErrorClass {
  // Whether the target has the name or the UUID already is looked up in the list of its domains, which is a part of its own.
  const isClash = domain === FROM_DOMAIN_CONFIG && (code === ErrorNumber.operationFailed || code === ErrorNumber.operationInvalid);
  if (isClash || code === ErrorNumber.domExist) return 'already_exists';
  return NOT_LIVE.has(code) ? 'wrong_state' : 'environment_error';
}
