// Gives domain XML the UUID under which it is to be defined, so that defining it twice is defining it once.
import { parseDomainXml } from './domain-description.js';
import { canonicalUuid } from './domain-uuid.js';

/** Where the root's start tag ends, in XML known to be well-formed. Walks by index: a pattern would need a stack for a long prolog. */
function startOfRootContent(xml: string): number {
  let at = xml.indexOf('<');
  while (xml.startsWith('<!--', at) || xml.startsWith('<?', at)) {
    const closing = xml.startsWith('<?', at) ? '?>' : '-->';
    at = xml.indexOf('<', xml.indexOf(closing, at + 2) + closing.length);
  }
  while (xml[at] !== '>') {
    const quote = xml[at];
    at = quote === '"' || quote === "'" ? xml.indexOf(quote, at + 1) + 1 : at + 1;
  }
  return at + 1;
}

/**
 * The same XML with `<uuid>` as the first child of `<domain>`; unchanged when it has a UUID already. All else stays byte for byte.
 * Throws wrong_input for XML that parseDomainXml refuses, and for a UUID that is none.
 */
export function withUuid(xml: string, uuid: string): string {
  const canonical = canonicalUuid(uuid);
  if (parseDomainXml(xml).uuid !== undefined) return xml;
  const end = startOfRootContent(xml);
  return `${xml.slice(0, end)}<uuid>${canonical}</uuid>${xml.slice(end)}`;
}
