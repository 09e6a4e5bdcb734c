// Sizes of volumes as clients write them: bytes, or a number with one of the units of 1024.

const UNITS = 'BKMGTP';
const FORM = 'a whole number of bytes, or one with a unit of B, K, M, G, T, P: 20G';

/** The size in bytes; or what is wrong with it, for a human. A number of bytes, as a former call answered it, stays as it is. */
export function bytesOf(size: string | number): number | { fault: string } {
  const bytes = typeof size === 'number' ? size : read(size);
  if (bytes === undefined || (!Number.isInteger(bytes) && Number.isFinite(bytes))) return { fault: `must be ${FORM}` };
  if (bytes <= 0) return { fault: 'must be more than 0' };
  return Number.isSafeInteger(bytes) ? bytes : { fault: 'is more than 2^53 - 1 bytes' };
}

/** Undefined when it is not written as a size. A minus is read, so that the answer can say what is wrong with it. */
function read(size: string): number | undefined {
  const [, digits = '', unit = ''] = /^(-?\d+)([BKMGTP]?)$/i.exec(size.trim()) ?? [];
  if (digits === '') return undefined;
  return Number(digits) * 1024 ** Math.max(0, UNITS.indexOf(unit.toUpperCase()));
}
