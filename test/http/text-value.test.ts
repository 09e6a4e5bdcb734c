// Values that come as text, read as what their schemas want.
import Type from 'typebox';
import { expect, it } from 'vitest';
import { readText } from '../../src/http/text-value.js';

it.each(['true', 'TRUE', 'yes', 'y', 't', 'on', '1', ''])('reads %j as true', (text) => {
  expect(readText(Type.Boolean(), text)).toEqual({ value: true });
});

it.each(['false', 'False', 'no', 'n', 'f', 'off', '0'])('reads %j as false', (text) => {
  expect(readText(Type.Boolean(), text)).toEqual({ value: false });
});

const nullableList = Type.Union([Type.Array(Type.Unknown()), Type.Null()]);

it.each([
  ['a whole number', Type.Integer(), '-12', -12],
  ['a number', Type.Number(), '1.5e3', 1500],
  ['a member of numbers', Type.Enum([10, -10]), '-10', -10],
  ['a text that looks like a number', Type.String(), '007', '007'],
  ['texts between commas', Type.Array(Type.String()), 'a,b', ['a', 'b']],
  ['texts as JSON', Type.Array(Type.String()), '["a,b"]', ['a,b']],
  ['numbers between commas', Type.Array(Type.Integer()), '1,2', [1, 2]],
  ['no texts', Type.Array(Type.String()), '', []],
  ['an object', Type.Object({}), '{"a":1}', { a: 1 }],
  ['null where a list may stand', nullableList, 'null', null],
  ['a list where null may stand', nullableList, '[1]', [1]],
])('reads %s', (_what, schema, text, value) => {
  expect(readText(schema, text)).toEqual({ value });
});

it.each([
  ['boolean', Type.Boolean(), 'perhaps'],
  ['number', Type.Number(), '0x10'],
  ['number', Type.Number(), ''],
  ['number', Type.Number(), 'NaN'],
  ['number', Type.Integer(), '01'],
  ['list of numbers', Type.Array(Type.Integer()), '1,x'],
  ['object', Type.Object({}), '{'],
])('refuses what is no %s', (_what, schema, text) => {
  expect(readText(schema, text).fault).toMatch(/^must be /);
});
