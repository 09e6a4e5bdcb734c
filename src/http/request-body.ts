// A request's body: read within a limit, decoded strictly, parsed by its content type.
import { bodyParser } from '@koa/bodyparser';
import type { Context } from 'koa';
import { parseForm, type TextEntry } from './form-text.js';
import { jsonFaultIndex } from './json-fault.js';
import { Refusal } from './refusal.js';

export type Body =
  | { kind: 'none' }
  | { kind: 'form'; entries: TextEntry[] }
  | { kind: 'json'; value: unknown }
  | { kind: 'xml'; text: string };

const MAX_BODY = '2mb';
const JSON_TYPES = ['application/json', 'application/*+json'];
const FORM_TYPE = 'application/x-www-form-urlencoded';
const XML_TYPES = ['application/xml', 'text/xml'];
const TYPES = [...JSON_TYPES, FORM_TYPE, ...XML_TYPES];

// One byte, one character: the parser would replace what is not UTF-8 where it must be refused. GET too: Ganeti's clients
// send their `wait` with a body.
const readBytes = bodyParser({
  enableTypes: ['text'],
  extendTypes: { text: TYPES },
  textLimit: MAX_BODY,
  encoding: 'binary',
  parsedMethods: ['GET', 'POST', 'PUT', 'DELETE'],
});

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

function decode(bytes: Buffer): string {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    throw new Refusal(400, 'the body is not UTF-8');
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const index = jsonFaultIndex(text);
    const lines = text.slice(0, index).split('\n');
    const found = index < text.length ? JSON.stringify(String.fromCodePoint(text.codePointAt(index) ?? 0)) : 'the end';
    const place = `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1} (position ${index})`;
    throw new Refusal(400, `the body is not JSON: ${found} can't stand at ${place}`);
  }
}

function statusIn(error: unknown): number | undefined {
  return error instanceof Error && 'status' in error && typeof error.status === 'number' ? error.status : undefined;
}

async function readAll(ctx: Context): Promise<Buffer> {
  try {
    await readBytes(ctx, async () => {});
    return Buffer.from(ctx.request.rawBody, 'latin1');
  } catch (error) {
    // The rest of the body is taken off the wire: a client that is still sending would otherwise see a reset in place of the answer.
    ctx.req.resume();
    const status = statusIn(error);
    if (status === 413) throw new Refusal(413, 'the body is larger than 2 MiB');
    if (status === 415) throw new Refusal(415, `the content encoding ${ctx.get('Content-Encoding')} is not known`);
    throw new Refusal(400, "the body can't be read to its end");
  }
}

/** The body, parsed. Throws Refusal: 413 too large, 415 a type or character set that is not taken, 400 not what it says it is. */
export async function readBody(ctx: Context): Promise<Body> {
  const type = ctx.request.length === 0 ? null : ctx.is(TYPES);
  if (type === null) return { kind: 'none' };
  if (type === false) throw new Refusal(415, `the body must be ${TYPES.join(', ')}, not ${ctx.get('Content-Type') || 'of no type'}`);
  const { charset } = ctx.request;
  if (charset !== '' && !/^(utf-?8|us-ascii)$/i.test(charset)) throw new Refusal(415, `the body must be in UTF-8, not ${charset}`);
  const text = decode(await readAll(ctx));
  if (XML_TYPES.includes(type)) return { kind: 'xml', text };
  if (type === FORM_TYPE) return { kind: 'form', entries: parseForm(text) };
  return text.trim() === '' ? { kind: 'none' } : { kind: 'json', value: parseJson(text) };
}
