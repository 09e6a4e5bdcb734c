// RFC 7240's forms of the preference.
import { expect, it } from 'vitest';
import { preferredWaitS } from '../../src/http/prefer-wait.js';

it.each([
  ['wait=10', 10],
  ['Wait = 10', 10],
  ['wait="10"', 10],
  ['respond-async, wait=10; note=x', 10],
  ['wait=10, wait=20', 10],
  ['wait=600', 60],
  ['wait=0', 0],
  ['', undefined],
  ['respond-async', undefined],
  ['wait', undefined],
  ['wait=-1', undefined],
  ['wait=1.5', undefined],
  ['wait=soon', undefined],
])('reads %j as %s', (header, seconds) => {
  expect(preferredWaitS(header)).toBe(seconds);
});
