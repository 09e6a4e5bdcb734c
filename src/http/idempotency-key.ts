// The header `Idempotency-Key`: a submission that is repeated with it makes no second job.
import { Refusal } from './refusal.js';

/** The key, or undefined without the header. Throws when it is not 1 to 255 visible ASCII characters. */
export function idempotencyKey(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (!/^[\x21-\x7e]{1,255}$/.test(header)) throw new Refusal(400, 'Idempotency-Key: must be 1 to 255 visible ASCII characters');
  return header;
}
