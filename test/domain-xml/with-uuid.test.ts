// Giving domain XML its UUID.
import { describe, expect, test } from 'vitest';
import { parseDomainXml } from '../../src/domain-xml/domain-description.js';
import { withUuid } from '../../src/domain-xml/with-uuid.js';

const UUID = 'b22f1a9c-3d4e-4f50-8a6b-7c8d9e0f1a2b';
const REST = '<name>v</name><memory>1024</memory><os><type>hvm</type></os>';

describe('withUuid', () => {
  test.each([
    '<domain>',
    "<domain type='kvm'>",
    '<?xml version="1.0"?>\r\n<domain type="kvm">',
    '\uFEFF<!-- <domain> --><?x <domain> ?>\n<domain\n\ttype="kvm" >',
    `<domain type='a>b"' x="c>'d">`,
  ])('goes in behind %j, and all else stays', (head) => {
    const xml = `${head}\r\n  ${REST}<!-- <uuid/> --></domain>\n`;
    const result = withUuid(xml, UUID.toUpperCase());
    expect(result).toBe(`${head}<uuid>${UUID}</uuid>\r\n  ${REST}<!-- <uuid/> --></domain>\n`);
    expect(parseDomainXml(result)).toEqual({ ...parseDomainXml(xml), uuid: UUID });
  });

  test('leaves XML that has a UUID as it is', () => {
    const xml = `<domain>${REST}<uuid>00000000-0000-4000-8000-000000000000</uuid></domain>`;
    expect(withUuid(xml, UUID)).toBe(xml);
  });

  test('refuses a UUID that is none, and XML that is refused', () => {
    expect(() => withUuid(`<domain>${REST}</domain>`, 'no')).toThrow('is not a UUID');
    expect(() => withUuid('<domain/>', UUID)).toThrow('<name> is missing');
  });
});
