// Where JSON breaks: as JSON.parse would find it.
import { expect, it } from 'vitest';
import { jsonFaultIndex } from '../../src/http/json-fault.js';

it.each([
  ['', 0],
  ['  ', 2],
  ['{', 1],
  ['[1,]', 3],
  ['[1 2]', 3],
  ['{"a":1,}', 7],
  ['{"a" 1}', 5],
  ['{a:1}', 1],
  ['{1:1}', 1],
  ['[1}', 2],
  ['{"a":[]]', 7],
  ['[] []', 3],
  ['"\u0001"', 0],
  ['"\\x"', 0],
  ['[01]', 2],
  ['[nul]', 1],
  ['{"a":"b",\n"c":tru}', 14],
  ['{"a":{"b":[1,{"c":null}]}', 25],
])('in %j at %i', (json, index) => {
  expect(() => JSON.parse(json)).toThrow(SyntaxError);
  expect(jsonFaultIndex(json)).toBe(index);
});
