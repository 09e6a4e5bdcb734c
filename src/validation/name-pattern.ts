// The value `limit`: a regular expression over names. RE2 runs it in time linear in the name, so no pattern can stall the process.
import { RE2JS, RE2JSException } from 're2js';
import Type from 'typebox';
import { wrongInput } from './wrong-input.js';

export const NamePattern = Type.String({
  maxLength: 256,
  description: 'a regular expression (RE2) that is looked for anywhere in the name; `^` and `$` tie it to the ends',
});

/** A test of names against the pattern given as `limit`; every name passes when there is none. Throws wrong_input for a bad pattern. */
export function nameFilter(limit: string | undefined): (name: string) => boolean {
  if (limit === undefined) return () => true;
  const pattern = compiled(limit);
  return (name) => pattern.matcher(name).find();
}

function compiled(limit: string): RE2JS {
  try {
    return RE2JS.compile(limit);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    throw wrongInput([{ pointer: '/limit', message: `is not a regular expression: ${error.message}` }]);
  }
}
