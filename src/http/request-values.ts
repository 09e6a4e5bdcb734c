// The values of a request, wherever they stand: path, query and body are one set, and a value means the same in each.
import { isDeepStrictEqual } from 'node:util';
import type { Fault } from '../errors/classified-error.js';
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

// PVC writes `coordinator-state`, clients write `dry-run`: both spellings are one name.
const canonical = (name: string): string => name.replaceAll('-', '_');

function typedValues(route: Route, body: Body): [string, unknown][] {
  if (body.kind === 'xml') {
    if (route.xmlValue === undefined) throw new Refusal(415, 'this path takes no XML body');
    return [[route.xmlValue, body.text]];
  }
  if (body.kind !== 'json') return [];
  if (Array.isArray(body.value) && route.listValue !== undefined) return [[route.listValue, body.value]];
  if (typeof body.value !== 'object' || body.value === null || Array.isArray(body.value)) {
    throw wrongInput([{ pointer: '', message: 'the body must be a JSON object' }]);
  }
  return Object.entries(body.value).map(([name, value]) => [canonical(name), value]);
}

/** Everything that the request gives the route, unread; names in their one spelling. */
export function givenValues(route: Route, path: Record<string, string>, query: TextEntry[], body: Body): GivenValues {
  const fromPath = Object.entries(path).map(([name, text]) => ({ name, text }));
  const entries = [...query, ...(body.kind === 'form' ? body.entries : [])].map(({ name, text }) => ({ name: canonical(name), text }));
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

/** Values gathered one by one; a list may be given in parts, anything else only once or twice the same. */
class Gathering {
  readonly values = new Map<string, unknown>();
  readonly faults: Fault[] = [];

  add(name: string, value: unknown, inParts: boolean): void {
    const before = this.values.get(name);
    if (inParts && Array.isArray(before) && Array.isArray(value)) this.values.set(name, [...before, ...value]);
    else if (this.values.has(name) && !isDeepStrictEqual(before, value)) this.fault(name, 'is given twice with different values');
    else this.values.set(name, value);
  }

  fault(name: string, message: string): void {
    this.faults.push({ pointer: `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`, message });
  }
}

/** The given values under their names, texts read as the types that the route wants. Throws wrong_input naming each that can't be. */
export function readValues(route: Route, { texts, typed }: GivenValues): Values {
  const gathering = new Gathering();
  const { properties } = route.schema;
  for (const { name, text = '' } of texts) {
    const schema = Object.hasOwn(properties, name) ? properties[name] : undefined;
    const { value, fault } = schema === undefined ? { value: text } : readText(schema, text);
    if (fault === undefined) gathering.add(name, value, true);
    else gathering.fault(name, fault);
  }
  for (const [name, value] of typed) gathering.add(name, value, false);
  if (gathering.faults.length > 0) throw wrongInput(gathering.faults);
  return Object.fromEntries(gathering.values);
}
