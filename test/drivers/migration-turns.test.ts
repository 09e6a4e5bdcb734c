// Turns: so many at a time, the rest in order, and who waits can be sent away.
import { expect, test } from 'vitest';
import { createTurns } from '../../workers/drivers/libvirt/migration-turns.js';

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

test('no more at a time than may be, and in order', async () => {
  const turns = createTurns(2);
  const { begun, work, end } = stage();
  const [first, ...others] = ['a', 'b', 'c', 'd'].map((name) => turns.take(name, work(name)));
  await expect.poll(() => begun).toEqual(['a', 'b']);
  end('a');
  expect(await first).toBe('a');
  await expect.poll(() => begun).toEqual(['a', 'b', 'c']);
  end('b');
  await expect.poll(() => begun).toEqual(['a', 'b', 'c', 'd']);
  end('c');
  end('d');
  expect(await Promise.all(others)).toEqual(['b', 'c', 'd']);
});

test('work that fails gives its turn on', async () => {
  const turns = createTurns(1);
  const broken = new Error('broken');
  const failing = turns.take('a', () => Promise.reject(broken));
  const next = turns.take('b', async () => 'done');
  await expect(failing).rejects.toBe(broken);
  expect(await next).toBe('done');
});

test('who waits can be refused, who has a turn cannot', async () => {
  const turns = createTurns(1);
  const { begun, work, end } = stage();
  const refusal = new Error('refused');
  const first = turns.take('a', work('a'));
  const refused = turns.take('b', work('b')).catch((error: unknown) => error);
  const last = turns.take('c', work('c'));
  turns.refuse('a', refusal);
  turns.refuse('b', refusal);
  expect(await refused).toBe(refusal);
  end('a');
  expect(await first).toBe('a');
  await expect.poll(() => begun).toEqual(['a', 'c']);
  end('c');
  expect(await last).toBe('c');
});

test('closed, it refuses who waits and who comes', async () => {
  const turns = createTurns(1);
  const { work, end } = stage();
  const over = new Error('over');
  const first = turns.take('a', work('a'));
  const refused = turns.take('b', work('b')).catch((error: unknown) => error);
  turns.close(over);
  expect(await refused).toBe(over);
  await expect(turns.take('c', work('c'))).rejects.toBe(over);
  end('a');
  expect(await first).toBe('a');
});
