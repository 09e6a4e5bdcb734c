// UUIDs as libvirt reads them, and the one form in which they are kept: lower case, with dashes.
import { ClassifiedError } from '../errors/classified-error.js';

// libvirt takes dashes and white space between any two bytes, before the first, and white space after the last.
const UUID_AS_LIBVIRT_READS_IT = /^(?:[-\s]*[0-9a-f]{2}){16}\s*$/i;

/** Whether libvirt would take this text for a UUID. */
export function looksLikeUuid(text: string): boolean {
  return text.length <= 128 && UUID_AS_LIBVIRT_READS_IT.test(text);
}

/** The canonical form of a UUID. Throws wrong_input when it is none. */
export function canonicalUuid(text: string): string {
  if (!looksLikeUuid(text)) throw new ClassifiedError('wrong_input', `${JSON.stringify(text.slice(0, 64))} is not a UUID`);
  return text
    .replace(/[-\s]/g, '')
    .toLowerCase()
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
