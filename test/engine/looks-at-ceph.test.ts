// Looks at Ceph by many jobs at once: a few at a time, and the dear ones shared, but never older than the question.
import { expect, it } from 'vitest';
import { fewAtATime } from '../../workers/composition/few-at-a-time.js';
import { shareLook } from '../../workers/composition/shared-look.js';

/** Looks that end when the test says. */
function slowLooks() {
  const begun: { end(result: string): void; fail(error: Error): void; say(line: string): void }[] = [];
  const look = (say: (line: string) => void = () => {}) =>
    new Promise<string>((resolve, reject) => {
      begun.push({ end: resolve, fail: reject, say });
    });
  return { begun, look };
}
const settled = async () => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
};

it('has only so many under way', async () => {
  const { begun, look } = slowLooks();
  const inTurn = fewAtATime(2);
  const first = inTurn(look);
  const second = inTurn(look);
  const gaveUp = new AbortController();
  const third = inTurn(look, gaveUp.signal);
  const fourth = inTurn(look);
  await settled();
  expect(begun).toHaveLength(2);
  const reason = new Error('cancelled');
  gaveUp.abort(reason);
  await expect(third).rejects.toBe(reason);
  begun[0]?.fail(new Error('it failed'));
  await expect(first).rejects.toThrow('it failed');
  await settled();
  expect(begun).toHaveLength(3);
  begun[1]?.end('two');
  begun[2]?.end('four');
  expect(await Promise.all([second, fourth])).toEqual(['two', 'four']);
  await expect(inTurn(look, gaveUp.signal)).rejects.toBe(reason);
});

it('shares a look with who asks before it begins, and begins another one for who asks later', async () => {
  const { begun, look } = slowLooks();
  const shared = shareLook(look);
  const early = [shared({}), shared({})];
  await settled();
  const late = [shared({}), shared({})];
  await settled();
  expect(begun).toHaveLength(1);
  begun[0]?.end('old');
  expect(await Promise.all(early)).toEqual(['old', 'old']);
  await settled();
  expect(begun).toHaveLength(2);
  begun[1]?.end('new');
  expect(await Promise.all(late)).toEqual(['new', 'new']);
  const alone = shared({});
  await settled();
  begun[2]?.end('newest');
  expect(await alone).toBe('newest');
});

it('tells everybody what is said, and that it failed; the next one is not harmed', async () => {
  const { begun, look } = slowLooks();
  const shared = shareLook(look);
  const said: string[] = [];
  const both = ['a', 'b'].map((who) => shared({ onStderr: (line) => said.push(`${who}: ${line}`) }));
  await settled();
  const next = shared({});
  begun[0]?.say('slow');
  begun[0]?.fail(new Error('no answer'));
  for (const each of both) await expect(each).rejects.toThrow('no answer');
  expect(said).toEqual(['a: slow', 'b: slow']);
  await settled();
  begun[1]?.end('well');
  expect(await next).toBe('well');
});

it('lets go who is told to stop, and nobody else', async () => {
  const { begun, look } = slowLooks();
  const shared = shareLook(look);
  const stop = new AbortController();
  const leaving = shared({ signal: stop.signal });
  const staying = shared({ signal: new AbortController().signal });
  await settled();
  const reason = new Error('cancelled');
  stop.abort(reason);
  await expect(leaving).rejects.toBe(reason);
  begun[0]?.end('well');
  expect(await staying).toBe('well');
  await expect(shared({ signal: stop.signal })).rejects.toBe(reason);
});
