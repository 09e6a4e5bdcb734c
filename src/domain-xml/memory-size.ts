// An amount of memory with libvirt's units: `K`, `KiB`, `KB`, `bytes` and so on, in any case; KiB when no unit is given.

const BYTES_PER_MIB = 1024 ** 2;
const PREFIXES = 'kmgtpe';

/** Bytes in one such unit, or undefined when libvirt knows no such unit. */
function bytesPerUnit(unit: string): number | undefined {
  const lower = unit.toLowerCase();
  if (lower === '') return 1024;
  if (lower === 'b' || lower === 'byte' || lower === 'bytes') return 1;
  const [, prefix = '', rest] = /^([kmgtpe])(|b|ib)$/.exec(lower) ?? [];
  if (prefix === '') return undefined;
  return (rest === 'b' ? 1000 : 1024) ** (PREFIXES.indexOf(prefix) + 1);
}

/** The amount in MiB, rounded up; or what is wrong with it, for a human. */
export function memoryInMib(amount: string, unit: string): number | string {
  const perUnit = bytesPerUnit(unit);
  if (perUnit === undefined) return `unit ${JSON.stringify(unit.slice(0, 20))} is unknown`;
  const digits = amount.trim();
  if (!/^\d+$/.test(digits)) return `${JSON.stringify(digits.slice(0, 20))} is not a whole number`;
  const bytes = Number(digits) * perUnit;
  if (bytes === 0) return 'is 0';
  if (!Number.isSafeInteger(bytes)) return 'is too large';
  return Math.ceil(bytes / BYTES_PER_MIB);
}
