// The references of XML text: the five predefined entities and character numbers. Nothing else can be declared here.
import { wrongXml } from './xml-markup.js';

const PREDEFINED: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
]);

function isXmlCharacter(code: number): boolean {
  return (
    code === 0x9 ||
    code === 0xa ||
    code === 0xd ||
    (code >= 0x20 && code <= 0xd7ff) ||
    (code >= 0xe000 && code <= 0xfffd) ||
    (code >= 0x10000 && code <= 0x10ffff)
  );
}

function character(reference: string, digits: string, base: 10 | 16): string {
  const code = Number.parseInt(digits, base);
  if (!isXmlCharacter(code)) throw wrongXml(`the character reference ${reference} is not allowed in XML`);
  return String.fromCodePoint(code);
}

/** The text with its references resolved. Throws wrong_input for an unknown entity, a bare `&`, a number that is no character. */
export function resolveReferences(raw: string): string {
  return raw.replace(/&(?:#(\d{1,8});|#x([0-9a-fA-F]{1,8});|([^\s&;<]{1,20});)?/g, (reference, decimal, hex, name) => {
    if (decimal !== undefined) return character(reference, decimal, 10);
    if (hex !== undefined) return character(reference, hex, 16);
    const predefined = PREDEFINED.get(name);
    if (predefined === undefined) throw wrongXml(`not well-formed: ${JSON.stringify(reference)} is no entity known here`);
    return predefined;
  });
}
