// A failed libvirt call, inside the connection's thread: what libvirt says of it in numbers and in words.

export class LibvirtError extends Error {
  /** virErrorNumber. */
  readonly code: number;
  /** virErrorDomain: the part of libvirt that raised it. */
  readonly domain: number;

  constructor(code: number, domain: number, message: string) {
    super(message);
    this.name = 'LibvirtError';
    this.code = code;
    this.domain = domain;
  }
}

/** Whether this is libvirt's error of that number. */
export function isLibvirtError(error: unknown, code: number): error is LibvirtError {
  return error instanceof LibvirtError && error.code === code;
}
