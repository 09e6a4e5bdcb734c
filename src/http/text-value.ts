// A value that came as text (query, form, path), read as its schema's type.
import type { TSchema } from 'typebox';

type Reading = { value: unknown; fault?: never } | { value?: never; fault: string };

interface Shape {
  type?: string;
  enum?: unknown[];
  anyOf?: TSchema[];
  items?: TSchema;
}

const TRUE = new Set(['', 'true', 'yes', 'y', 't', 'on', '1']);
const FALSE = new Set(['false', 'no', 'n', 'f', 'off', '0']);
const WHOLE_NUMBER = /^-?(0|[1-9]\d*)$/;
const JSON_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/;

function readBoolean(text: string): Reading {
  const word = text.toLowerCase();
  if (TRUE.has(word)) return { value: true };
  return FALSE.has(word) ? { value: false } : { fault: 'must be true or false' };
}

const readNumber = (text: string): Reading => (JSON_NUMBER.test(text) ? { value: Number(text) } : { fault: 'must be a number' });

/** Written out: `1e0` and `1.0` are no numbers of a thing. */
function readWholeNumber(text: string): Reading {
  if (WHOLE_NUMBER.test(text)) return { value: Number(text) };
  return { fault: JSON_NUMBER.test(text) ? 'must be a whole number' : 'must be a number' };
}

function readJson(text: string): Reading {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return { fault: 'must be JSON' };
  }
}

/** The type that a schema's texts are read as; an enumeration has the type of its members. */
function typeOf({ type, enum: members }: Shape): string | undefined {
  return type ?? (members === undefined ? undefined : typeof members[0]);
}

/** A list is JSON, or for plain elements also what stands between commas. */
function readList(items: TSchema | undefined, text: string): Reading {
  const type = items === undefined ? undefined : typeOf(items);
  if (items === undefined || text.trimStart().startsWith('[') || (type !== 'string' && type !== 'number' && type !== 'integer'))
    return readJson(text);
  const readings = text === '' ? [] : text.split(',').map((part) => readText(items, part));
  return readings.find(({ fault }) => fault !== undefined) ?? { value: readings.map(({ value }) => value) };
}

function readChoice(branches: TSchema[], text: string): Reading {
  const readings = branches.map((branch) => readText(branch, text));
  return readings.find(({ fault }) => fault === undefined) ?? readings[0] ?? readJson(text);
}

/** The text as the schema's type, unchecked beyond that; a bare flag is the empty text. */
export function readText(schema: TSchema, text: string): Reading {
  const shape = schema as Shape;
  if (shape.anyOf !== undefined) return readChoice(shape.anyOf, text);
  switch (typeOf(shape)) {
    case 'boolean':
      return readBoolean(text);
    case 'number':
      return readNumber(text);
    case 'integer':
      return readWholeNumber(text);
    case 'array':
      return readList(shape.items, text);
    case 'object':
      return readJson(text);
    case 'null':
      return text === 'null' || text === '' ? { value: null } : { fault: 'must be null' };
    case undefined:
    default:
      return { value: text };
  }
}
