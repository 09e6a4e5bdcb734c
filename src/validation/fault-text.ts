// What the validator found, as faults for a client: where it is, and what is wrong there in words that need no schema.
import type { ErrorObject } from 'ajv/dist/2020.js';
import type { Fault } from '../errors/classified-error.js';

const SHOWN_CHARACTERS = 60;

const escape = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');

// A list or an object is not spelled out: it may be as large and as deep as a request can be.
function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  return typeof value === 'string' && value.length > SHOWN_CHARACTERS
    ? `${JSON.stringify(value.slice(0, SHOWN_CHARACTERS))}…`
    : JSON.stringify(value);
}

const ARTICLES: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  null: 'null',
};

/** One error of the validator as a fault. */
export function faultOf({ keyword, instancePath, params, message, data, parentSchema }: ErrorObject): Fault {
  const at = (key: string) => `${instancePath}/${escape(key)}`;
  const description: unknown = parentSchema?.['description'];
  switch (keyword) {
    case 'required':
      return { pointer: at(params['missingProperty']), message: 'is missing' };
    case 'additionalProperties':
      return { pointer: at(params['additionalProperty']), message: 'is not a known value here' };
    case 'type':
      return { pointer: instancePath, message: `must be ${ARTICLES[params['type']] ?? params['type']}` };
    case 'enum':
      return { pointer: instancePath, message: `must be one of ${params['allowedValues'].join(', ')}, not ${shown(data)}` };
    case 'pattern':
      return {
        pointer: instancePath,
        message: `is not well-formed${typeof description === 'string' ? ` (${description})` : ''}: ${shown(data)}`,
      };
    case 'anyOf':
      return { pointer: instancePath, message: 'is of a wrong type' };
    default:
      return { pointer: instancePath, message: message ?? `breaks the rule ${keyword}` };
  }
}
