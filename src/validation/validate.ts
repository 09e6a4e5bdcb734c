// Values against their schemas. Validators are compiled once per schema; defaults are filled in.
import { Ajv2020, type ErrorObject, type Options } from 'ajv/dist/2020.js';
import type { Static, TSchema } from 'typebox';
import type { Fault } from '../errors/classified-error.js';
import { domainXmlKeyword } from './domain-xml-keyword.js';
import { faultOf } from './fault-text.js';
import { wrongInput } from './wrong-input.js';

// Verbose: errors carry the value and the schema at fault, from which their texts are made.
const OPTIONS: Options = { useDefaults: true, verbose: true, keywords: [domainXmlKeyword] };
// The first fault costs nothing extra; all faults are looked for only when there is one, and only in values of a size
// whose faults can be counted: a list of a million wrong elements would otherwise fill the memory with errors.
const quick = new Ajv2020(OPTIONS);
const thorough = new Ajv2020({ ...OPTIONS, allErrors: true });
const COUNTED_VALUES = 5000;
const MAX_FAULTS = 50;

/** Whether a JSON value has at most `left` values in it. */
function isSmall(value: unknown): boolean {
  let left = COUNTED_VALUES;
  const open = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next !== 'object' || next === null) continue;
    const inner = Object.values(next);
    left -= inner.length;
    if (left < 0) return false;
    open.push(...inner);
  }
  return true;
}

/** An anyOf that fails tells that no branch fits; what each branch wanted would only confuse. */
function withoutBranches(errors: ErrorObject[]): ErrorObject[] {
  const choices = errors.filter(({ keyword }) => keyword === 'anyOf').map(({ schemaPath }) => `${schemaPath}/`);
  return errors.filter(({ schemaPath }) => !choices.some((choice) => schemaPath.startsWith(choice)));
}

/** Prepares the validator of a schema, so that a fault in the schema shows at start and no request pays for it. */
export function prepare(schema: TSchema): void {
  quick.compile(schema);
}

/** Every fault of the value, none when it fits (at most 50). Fills the schema's defaults into the value. */
export function faultsIn(schema: TSchema, value: unknown): Fault[] {
  const validator = quick.compile(schema);
  if (validator(value)) return [];
  const first = validator.errors ?? [];
  if (!isSmall(value)) return withoutBranches(first).map(faultOf);
  const all = thorough.compile(schema);
  all(value);
  return withoutBranches(all.errors ?? first)
    .slice(0, MAX_FAULTS)
    .map(faultOf);
}

/** The value as its schema's type, with defaults filled in. Throws wrong_input with every fault. */
export function validated<S extends TSchema>(schema: S, value: unknown): Static<S> {
  const faults = faultsIn(schema, value);
  if (faults.length > 0) throw wrongInput(faults);
  return value as Static<S>;
}
