// A route's row brought to life: who asks, what with, and the answer.
import { Readable } from 'node:stream';
import type { Context } from 'koa';
import type { Guard } from '../auth/tokens.js';
import { prepare, validated } from '../validation/validate.js';
import { authenticate } from './authentication.js';
import type { RequestSignals } from './request-signals.js';
import { readValues } from './request-values.js';
import { JsonText, type Request, type Route, type StreamRoute, type Values } from './route.js';
import { eventStream } from './server-sent-events.js';
import type { Services } from './services.js';
import { submit } from './submission.js';

export interface Surroundings {
  services: Services;
  guard: Guard;
  signals: RequestSignals;
}

/** What the log tells of a request besides its line. */
export interface RequestNotes {
  user?: string;
  job?: number;
}

/** A class, because a getter in an object literal gives every object a shape of its own, which keeps all that it refers to until a full collection. */
class ContextRequest implements Request {
  readonly path: string;
  readonly #ctx: Context;
  readonly #signals: RequestSignals;

  constructor(ctx: Context, signals: RequestSignals) {
    this.path = ctx.path;
    this.#ctx = ctx;
    this.#signals = signals;
  }

  header(name: string): string | undefined {
    return this.#ctx.req.headers[name.toLowerCase()]?.toString();
  }

  get signal(): AbortSignal {
    return this.#signals.of(this.#ctx.res);
  }
}

/** Answers with JSON; koa would make an empty answer of null. */
export function answer(ctx: Context, status: number, body: unknown, headers: Record<string, string> = {}): void {
  ctx.status = status;
  ctx.set('Content-Type', status < 400 ? 'application/json; charset=utf-8' : 'application/problem+json');
  ctx.set(headers);
  ctx.body = body instanceof JsonText ? body.text : JSON.stringify(body);
}

async function answerEvents(ctx: Context, route: StreamRoute, services: Services, values: Values, request: Request): Promise<void> {
  const events = await route.open(services, values, request);
  ctx.set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' });
  ctx.body = Readable.from(eventStream(events));
}

/** The handler of a route. Compiles its schema at once, so that no request waits for that. */
export function handlerOf(
  route: Route,
  { services, guard, signals }: Surroundings,
): (ctx: Context, path: Record<string, string>) => Promise<void> {
  prepare(route.schema);
  return async (ctx, path) => {
    const notes: RequestNotes = ctx.state;
    const { user, given } = await authenticate(ctx, route, path, guard);
    notes.user = user;
    const sent = readValues(route, given);
    // Before checking, which fills in the defaults of this version.
    const asSent = ctx.req.headers['idempotency-key'] === undefined ? { ...sent } : structuredClone(sent);
    const values: Values = validated(route.schema, sent);
    const request = new ContextRequest(ctx, signals);
    if (route.kind === 'stream') return answerEvents(ctx, route, services, values, request);
    if (route.kind === 'reading') {
      const { body, headers } = await route.read(services, values, request);
      return answer(ctx, 200, body, headers);
    }
    const { status, body, headers, job } = await submit(route, services, user, { values, asSent }, request);
    notes.job = job;
    answer(ctx, status, body, headers);
  };
}
