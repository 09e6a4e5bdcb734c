// Input made to cost time or stack: all of it ends quickly, with an answer.
import { describe, expect, test } from 'vitest';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { parseDomainXml } from '../../src/domain-xml/domain-description.js';
import { withUuid } from '../../src/domain-xml/with-uuid.js';
import { patience } from '../lab/patience.js';

const MIB = 1024 * 1024;
const UUID = 'b22f1a9c-3d4e-4f50-8a6b-7c8d9e0f1a2b';

function filled(part: string, around: (filling: string) => string): string {
  return around(part.repeat(Math.floor((MIB - around('').length) / Buffer.byteLength(part))));
}

function domain(content: string): string {
  return `<domain><name>vm</name><memory>65536</memory><os><type>hvm</type></os>${content}</domain>`;
}

/** Refused must be with wrong_input and in few words. */
function outcomeOf(work: () => unknown): 'read' | 'wrong_input' {
  try {
    work();
    return 'read';
  } catch (error) {
    if (error instanceof ClassifiedError && error.errorClass === 'wrong_input' && error.message.length < 500) return 'wrong_input';
    throw error;
  }
}

/** Far more than it takes on a machine that stalls; what grows with the square of the input takes minutes. */
const SOON_MS = patience(20_000);

describe('hostile XML', () => {
  test('5 MB are refused without being read', () => {
    const huge = domain('x'.repeat(5e6));
    const begin = performance.now();
    expect(outcomeOf(() => parseDomainXml(huge))).toBe('wrong_input');
    expect(performance.now() - begin).toBeLessThan(patience(1000));
  });

  test('the size is counted in bytes', () => {
    expect(outcomeOf(() => parseDomainXml(domain('虚'.repeat(MIB / 2))))).toBe('wrong_input');
  });

  test.each<[string, string, 'read' | 'wrong_input']>([
    ['a deep nest', filled('<a>', domain), 'wrong_input'],
    ['a deep nest that is closed', domain('<a>'.repeat(100_000) + '</a>'.repeat(100_000)), 'wrong_input'],
    ['many elements', filled('<a b="c"/>', domain), 'read'],
    ['a long text', filled('x', domain), 'read'],
    ['many references', filled('&#65;', (part) => domain(`<description>${part}</description>`)), 'read'],
    ['many ampersands', filled('&', domain), 'wrong_input'],
    ['many attributes', domain(`<a ${Array.from({ length: 80_000 }, (_, i) => `a${i}=""`).join(' ')}/>`), 'read'],
    ['a long attribute', filled('x', (part) => domain(`<a b="${part}"/>`)), 'read'],
    ['white space within a tag', filled(' ', (part) => domain(`<a${part}b="c"/>`)), 'read'],
    ['an open quote', filled('"', (part) => domain(`<a b=${part}x/>`)), 'wrong_input'],
    ['open comments', filled('<!--', domain), 'wrong_input'],
    ['open sections', filled('<![CDATA[', domain), 'wrong_input'],
    ['open instructions', filled('<?', domain), 'wrong_input'],
    ['comments', filled('<!---->', (part) => `${part}${domain('')}`), 'read'],
    ['instructions', filled('<?a?>', (part) => `${part}${domain('')}`), 'read'],
    ['lines', filled('\n', (part) => `${part}${domain('')}`), 'read'],
    ['brackets', filled('<', domain), 'wrong_input'],
    ['white space in the UUID', filled(' ', (part) => domain(`<uuid>${part}x</uuid>`)), 'wrong_input'],
  ])('%s', (_, xml, outcome) => {
    expect(Buffer.byteLength(xml)).toBeLessThanOrEqual(MIB);
    const begin = performance.now();
    expect(outcomeOf(() => parseDomainXml(xml))).toBe(outcome);
    expect(outcomeOf(() => withUuid(xml, UUID))).toBe(outcome);
    expect(performance.now() - begin).toBeLessThan(SOON_MS);
  });
});
