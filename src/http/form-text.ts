// Query strings and urlencoded bodies as names and texts.
import { Refusal } from './refusal.js';

export interface TextEntry {
  name: string;
  /** Undefined for a bare flag: a name without `=`. */
  text: string | undefined;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part.replaceAll('+', ' '));
  } catch {
    throw new Refusal(400, `${JSON.stringify(part.slice(0, 60))} is not percent-encoded UTF-8`);
  }
}

/** The entries in order. Throws when a percent sign is no encoding, or what is encoded is not UTF-8. */
export function parseForm(form: string): TextEntry[] {
  return form
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const equals = part.indexOf('=');
      return equals < 0
        ? { name: decoded(part), text: undefined }
        : { name: decoded(part.slice(0, equals)), text: decoded(part.slice(equals + 1)) };
    });
}
