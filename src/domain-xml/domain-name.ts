// What a VM may be called. Stricter than libvirt where a name would be mistaken for something else: names become paths, log
// lines and parts of URLs, and stand where a UUID may stand too.
import { looksLikeUuid } from './domain-uuid.js';

const MAX_NAME_BYTES = 200;

/** What is wrong with this VM name, for a human, or undefined when nothing is. */
export function faultOfName(name: string): string | undefined {
  if (name === '') return 'is empty';
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) return `is longer than ${MAX_NAME_BYTES} bytes in UTF-8`;
  if (/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u.test(name)) return 'holds a control character or a line break';
  if (name.includes('/')) return 'holds a "/"';
  if (name !== name.trim()) return 'begins or ends with white space';
  if (name === '.' || name === '..') return `is "${name}"`;
  if (looksLikeUuid(name)) return 'looks like a UUID';
  return undefined;
}
