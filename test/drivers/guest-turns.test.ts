// Turns: one call about a guest at a time, in order, guests apart from each other, and nobody waits for ever.
import { expect, test } from 'vitest';
import { guestIn, guestTurns } from '../../workers/drivers/guest-turns.js';

const PATIENT_MS = 60_000;

/** Work that ends when told to, and what of it has begun. */
function stage() {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  return {
    begun,
    work: (name: string) => () => {
      begun.push(name);
      return new Promise<string>((resolve) => ends.set(name, () => resolve(name)));
    },
    end: (name: string) => ends.get(name)?.(),
  };
}

test('calls about one guest come one after the other, those about others pass', async () => {
  const { take } = guestTurns(PATIENT_MS);
  const { begun, work, end } = stage();
  const [first, second] = [take('web1', work('a')), take('web1', work('b'))];
  const other = take('web2', work('c'));
  const nobody = take(undefined, work('d'));
  await expect.poll(() => begun.toSorted()).toEqual(['a', 'c', 'd']);
  end('c');
  end('d');
  expect(await Promise.all([other, nobody])).toEqual(['c', 'd']);
  end('a');
  expect(await first).toBe('a');
  await expect.poll(() => begun.includes('b')).toBe(true);
  end('b');
  expect(await second).toBe('b');
});

test('a call that fails gives the turn on', async () => {
  const { take } = guestTurns(PATIENT_MS);
  const broken = new Error('broken');
  const failing = take('web1', () => Promise.reject(broken));
  const next = take('web1', async () => 'done');
  await expect(failing).rejects.toBe(broken);
  expect(await next).toBe('done');
});

test('who waits too long, or behind too many, is refused; the others keep their places', async () => {
  const { take } = guestTurns(50);
  const { begun, work, end } = stage();
  const first = take('web1', work('a'));
  const waiting = Array.from({ length: 30 }, (_, index) => take('web1', work(`w${index}`)).catch((error: unknown) => error));
  const refusal = { errorClass: 'environment_error', message: expect.stringContaining('not begun') };
  expect(await Promise.all(waiting)).toEqual(waiting.map(() => expect.objectContaining(refusal)));
  const last = take('web1', work('z'));
  end('a');
  expect(await first).toBe('a');
  await expect.poll(() => begun).toEqual(['a', 'z']);
  end('z');
  expect(await last).toBe('z');
});

test('XML is about the guest whose UUID stands in it, however it is written', () => {
  const xml = (uuid: string) => `<domain><name>n</name>${uuid}<memory>1024</memory><vcpu>1</vcpu><os><type>hvm</type></os></domain>`;
  expect(guestIn(xml('<uuid>4DEA22B3-1D52-D8F3-2516-782E98AB3FA0</uuid>'))).toBe('4dea22b3-1d52-d8f3-2516-782e98ab3fa0');
  expect([guestIn(xml('')), guestIn('no XML')]).toEqual([undefined, undefined]);
});
