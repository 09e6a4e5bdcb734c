// What must be true of XML text before a parser sees it: its size, its characters, and no document type declaration, the door
// to entity bombs and to external files. One pass, linear in the text.
import { ClassifiedError } from '../errors/classified-error.js';

/** The largest XML that is read, in bytes of UTF-8. */
const MAX_XML_BYTES = 1024 * 1024;

// The Char production of XML 1.0, negated; in `u` mode a lone surrogate is its own code point, so it is found too.
const FORBIDDEN_CHARACTER = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;

// Comments, CDATA sections and instructions are skipped whole; what is left of `<!` and `<?` is a declaration or unclosed.
const SPECIAL_MARKUP = /<!--[^]*?-->|<!\[CDATA\[[^]*?\]\]>|<\?[^]*?\?>|<[!?]/g;

export function wrongXml(message: string, cause?: unknown): ClassifiedError {
  return new ClassifiedError('wrong_input', `domain XML: ${message}`, { cause });
}

/** The number of the line that holds this position, from 1. */
function lineAt(xml: string, index: number): number {
  return xml.slice(0, index).split(/\r\n?|\n/).length;
}

/** Throws wrong_input for XML that no parser should be given. */
export function checkMarkup(xml: string): void {
  // UTF-8 never takes fewer bytes than UTF-16 has units: the cheap test spares a huge input its encoding.
  if (xml.length > MAX_XML_BYTES || Buffer.byteLength(xml) > MAX_XML_BYTES) throw wrongXml('is larger than 1 MiB');
  const forbidden = FORBIDDEN_CHARACTER.exec(xml);
  if (forbidden) {
    const code = forbidden[0].codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0');
    throw wrongXml(`line ${lineAt(xml, forbidden.index)}: the character U+${code} is not allowed in XML`);
  }
  for (const { 0: markup, index } of xml.matchAll(SPECIAL_MARKUP)) {
    if (markup.length > 2) continue;
    const at = `line ${lineAt(xml, index)}`;
    if (/^<!(?:DOCTYPE|ENTITY|ELEMENT|ATTLIST|NOTATION)/.test(xml.slice(index, index + 12))) {
      throw wrongXml(`${at}: document type and entity declarations are refused`);
    }
    throw wrongXml(`${at}: not well-formed: ${JSON.stringify(xml.slice(index, index + 12))} is not closed or not XML`);
  }
}
