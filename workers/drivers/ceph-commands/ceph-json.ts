// Reading what Ceph's commands answer. Fields come and go between releases (16 to 18), so each is asked for with what it is when absent.
import { ClassifiedError } from '../../../src/errors/classified-error.js';

export type CephRecord = Readonly<Record<string, unknown>>;

/** Undefined: nothing was answered. environment_error: it is no JSON. */
export function parseCephJson(text: string, what: string): unknown {
  if (text.trim() === '') return undefined;
  try {
    // Ratios of nothing are written as C writes them. What stands in quotes is left as it is.
    const written = text.replaceAll(/"(?:[^"\\]|\\.)*"|-?\b(?:nan|inf)\b/g, (part) => (part.startsWith('"') ? part : 'null'));
    return JSON.parse(written) as unknown;
  } catch (cause) {
    throw new ClassifiedError('environment_error', `Ceph gave an answer that cannot be read, when asked to ${what}`, { cause });
  }
}

export function asRecord(value: unknown): CephRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as CephRecord) : {};
}

export const recordIn = (record: CephRecord, field: string): CephRecord => asRecord(record[field]);

export function recordsIn(record: CephRecord, field: string): CephRecord[] {
  return asRecords(record[field]);
}

export function asRecords(value: unknown): CephRecord[] {
  return Array.isArray(value) ? value.map(asRecord) : [];
}

export function textIn(record: CephRecord, field: string): string {
  const value = record[field];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

export function numberIn(record: CephRecord, field: string): number {
  const value = Number(record[field] ?? 0);
  return Number.isFinite(value) ? value : 0;
}

/** Booleans are also written as text, and as 0 and 1. */
export function flagIn(record: CephRecord, field: string): boolean {
  return ['true', '1'].includes(String(record[field]));
}

export function textsIn(record: CephRecord, field: string): string[] {
  const value = record[field];
  return Array.isArray(value) ? value.map(String) : [];
}

export function numbersIn(record: CephRecord, field: string): number[] {
  const value = record[field];
  return Array.isArray(value) ? value.map(Number) : [];
}
