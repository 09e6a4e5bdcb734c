// The values of a request, wherever they stand: path, query and body are one set, and a value means the same in each.
import { isDeepStrictEqual } from 'node:util';
import type { Fault } from '../errors/classified-error.js';
import { isJsonObject } from '../validation/json-object.js';
import { wrongInput } from '../validation/wrong-input.js';
import type { TextEntry } from './form-text.js';
import { Refusal } from './refusal.js';
import type { Body } from './request-body.js';
import type { Route, Values } from './route.js';
import { readText } from './text-value.js';

/** The value that carries a token; it belongs to authentication, never to a route. */
const TOKEN = 'token';

export interface GivenValues {
  texts: TextEntry[];
  /** Values with types of their own: from JSON, or a whole body. */
  typed: [name: string, value: unknown][];
}

// PVC writes `coordinator-state`, clients write `dry-run`: both spellings are one name. A name that is unknown either way is left
// as the client wrote it, for the error that names it.
function canonical(name: string, { schema, aliases = {} }: Route): string {
  const spelled = name.replaceAll('-', '_');
  const known = Object.hasOwn(aliases, spelled) ? (aliases[spelled] ?? spelled) : spelled;
  return Object.hasOwn(schema.properties, known) ? known : name;
}

function typedValues(route: Route, body: Body): [string, unknown][] {
  if (body.kind === 'xml') {
    if (route.xmlValue === undefined) throw new Refusal(415, 'this path takes no XML body');
    return [[route.xmlValue, body.text]];
  }
  if (body.kind !== 'json') return [];
  if (Array.isArray(body.value) && route.listValue !== undefined) return [[route.listValue, body.value]];
  if (!isJsonObject(body.value)) throw wrongInput([{ pointer: '', message: 'the body must be a JSON object' }]);
  return Object.entries(body.value).map(([name, value]) => [canonical(name, route), value]);
}

/** Everything that the request gives the route, unread; names in their one spelling. */
export function givenValues(route: Route, path: Record<string, string>, query: TextEntry[], body: Body): GivenValues {
  const fromPath = Object.entries(path).map(([name, text]) => ({ name, text }));
  const entries = [...query, ...(body.kind === 'form' ? body.entries : [])].map(({ name, text }) => ({
    name: canonical(name, route),
    text,
  }));
  return { texts: [...fromPath, ...entries], typed: typedValues(route, body) };
}

/** The token among the values, if any, and the values without it. */
export function takeToken({ texts, typed }: GivenValues): { token: string | undefined; values: GivenValues } {
  const token = texts.find(({ name }) => name === TOKEN)?.text ?? typed.find(([name]) => name === TOKEN)?.[1];
  return {
    token: typeof token === 'string' ? token : undefined,
    values: { texts: texts.filter(({ name }) => name !== TOKEN), typed: typed.filter(([name]) => name !== TOKEN) },
  };
}

const fault = (name: string, message: string): Fault => ({
  pointer: `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`,
  message,
});

/** Adds a value to those gathered. A list may come in parts; anything else only once, or twice the same. */
function gather(values: Map<string, unknown>, name: string, value: unknown, inParts: boolean): Fault[] {
  const before = values.get(name);
  if (inParts && Array.isArray(before) && Array.isArray(value)) values.set(name, [...before, ...value]);
  else if (!values.has(name)) values.set(name, value);
  else if (!isDeepStrictEqual(before, value)) return [fault(name, 'is given twice with different values')];
  return [];
}

/** The given values under their names, texts read as the types that the route wants. Throws wrong_input naming each that can't be. */
export function readValues(route: Route, { texts, typed }: GivenValues): Values {
  const values = new Map<string, unknown>();
  const { properties } = route.schema;
  const faults = [
    ...texts.flatMap(({ name, text = '' }) => {
      const schema = Object.hasOwn(properties, name) ? properties[name] : undefined;
      const reading = schema === undefined ? { value: text } : readText(schema, text);
      return reading.fault === undefined ? gather(values, name, reading.value, true) : [fault(name, reading.fault)];
    }),
    ...typed.flatMap(([name, value]) => gather(values, name, value, false)),
  ];
  if (faults.length > 0) throw wrongInput(faults);
  return Object.fromEntries(values);
}
