// Sizes of volumes as clients write them: bytes, or a number with one of the units of 1024, however long its name.

const UNITS = 'BKMGTP';
const FORM = 'a whole number of bytes, or a number with a unit of K, M, G, T, P, each 1024 times the one before: 20G, 20GiB, 1.5T';
const WRITTEN = /^(-?\d+)(\.\d+)? ?(?:([KMGTP])(?:i?B)?|B)?$/i;

/** The size in bytes; or what is wrong with it, for a human. A number of bytes, as a former call answered it, stays as it is. */
export function bytesOf(size: string | number): number | { fault: string } {
  const bytes = typeof size === 'number' ? size : read(size);
  if (bytes === undefined || (!Number.isInteger(bytes) && Number.isFinite(bytes))) return { fault: `must be ${FORM}` };
  if (bytes <= 0) return { fault: 'must be more than 0' };
  return Number.isSafeInteger(bytes) ? bytes : { fault: 'is more than 2^53 - 1 bytes' };
}

/** Rounded up to a whole byte. Undefined when it is not written as a size. A minus is read, so that the answer can say what is wrong with it. */
function read(size: string): number | undefined {
  const [, whole, fraction = '', unit] = WRITTEN.exec(size.trim()) ?? [];
  if (whole === undefined) return undefined;
  if (unit === undefined) return fraction === '' ? Number(whole) : undefined;
  return Math.ceil(Number(whole + fraction) * 1024 ** UNITS.indexOf(unit.toUpperCase()));
}
