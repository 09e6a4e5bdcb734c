// Sizes as clients write them.
import { expect, it } from 'vitest';
import { bytesOf } from '../../src/validation/volume-size.js';

it.each([
  ['1073741824', 1_073_741_824],
  ['1', 1],
  ['512B', 512],
  ['8K', 8192],
  ['4096M', 4_294_967_296],
  ['20G', 21_474_836_480],
  ['20g', 21_474_836_480],
  ['1T', 1_099_511_627_776],
  ['7P', 7_881_299_347_898_368],
  [' 10G ', 10_737_418_240],
  ['20GB', 21_474_836_480],
  ['20GiB', 21_474_836_480],
  ['20 gib', 21_474_836_480],
  ['1KB', 1024],
  ['1.5G', 1_610_612_736],
  ['0.5KiB', 512],
  ['1.1G', 1_181_116_007],
  ['007K', 7168],
  ['9007199254740991', Number.MAX_SAFE_INTEGER],
  [4096, 4096],
  [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
])('reads %s', (size, bytes) => {
  expect(bytesOf(size)).toBe(bytes);
});

it.each([
  ['', 'whole number'],
  ['G', 'whole number'],
  ['1,5G', 'whole number'],
  ['1e3', 'whole number'],
  ['0x10', 'whole number'],
  ['1.5', 'whole number'],
  ['1.5B', 'whole number'],
  ['1.G', 'whole number'],
  ['.5G', 'whole number'],
  ['10iB', 'whole number'],
  ['10BB', 'whole number'],
  ['10GiBs', 'whole number'],
  ['10E', 'whole number'],
  ['1G 1M', 'whole number'],
  ['٣G', 'whole number'],
  ['+1G', 'whole number'],
  [1.5, 'whole number'],
  ['0', 'more than 0'],
  ['0G', 'more than 0'],
  ['-1G', 'more than 0'],
  [0, 'more than 0'],
  [-4096, 'more than 0'],
  ['8P', '2^53'],
  ['9007199254740992', '2^53'],
  ['99999999999999999999999P', '2^53'],
  [2 ** 53, '2^53'],
  [1e300, '2^53'],
])('refuses %s', (size, fault) => {
  expect(bytesOf(size)).toEqual({ fault: expect.stringContaining(fault) });
});

it('refuses a text of any length at once', () => {
  expect(bytesOf(`${'9'.repeat(1_000_000)}x`)).toHaveProperty('fault');
  expect(bytesOf('9'.repeat(1_000_000))).toHaveProperty('fault');
});
