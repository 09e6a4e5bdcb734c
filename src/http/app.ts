// The koa application: the routes of all tables, errors as problems, and a line of log for each request.
import Koa, { type Context, type Next } from 'koa';
import { guardOf } from '../auth/tokens.js';
import { classify, type ClassifiedError } from '../errors/classified-error.js';
import { problemAnswer } from './problem.js';
import { Refusal } from './refusal.js';
import type { RequestSignals } from './request-signals.js';
import { answer, type RequestNotes } from './route-handler.js';
import type { RouteTable } from './route.js';
import { routing } from './routing.js';
import type { Services } from './services.js';

function refusalOf(ctx: Context): Refusal | undefined {
  if (ctx.body !== undefined && ctx.body !== null) return undefined;
  if (ctx.status === 404) return new Refusal(404, `there is nothing at ${ctx.path}`, {}, 'unknown_entity');
  if (ctx.status === 405 || ctx.status === 501) return new Refusal(405, `${ctx.method} is not a method of ${ctx.path}`);
  return undefined;
}

/** A path that is not percent-encoded UTF-8 names nothing; the router would take it as it stands. */
function assertDecodes(path: string): void {
  if (!path.includes('%')) return;
  try {
    decodeURIComponent(path);
  } catch {
    throw new Refusal(400, 'the path is not percent-encoded UTF-8');
  }
}

function answerProblem(ctx: Context, error: ClassifiedError, log: Services['log']): void {
  const { status, headers, body } = problemAnswer(error);
  if (status >= 500) log.error({ err: error.cause ?? error, method: ctx.method, path: ctx.path }, error.message);
  answer(ctx, status, body, headers);
}

function answeringProblems(log: Services['log']) {
  return async (ctx: Context, next: Next): Promise<void> => {
    try {
      assertDecodes(ctx.path);
      await next();
      const refusal = refusalOf(ctx);
      if (refusal !== undefined) answerProblem(ctx, refusal, log);
    } catch (error) {
      answerProblem(ctx, classify(error), log);
    }
  };
}

/** One line when the answer is ready. The query is left out: it can hold a token. */
function logging(log: Services['log']) {
  return async (ctx: Context, next: Next): Promise<void> => {
    const begunMs = performance.now();
    await next();
    if (!log.isLevelEnabled('info')) return;
    const { user, job }: RequestNotes = ctx.state;
    log.info({ method: ctx.method, path: ctx.path, status: ctx.status, ms: Math.round(performance.now() - begunMs), user, job }, 'request');
  };
}

const CLIENT_WENT_AWAY = new Set(['ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET', 'EPIPE']);

/** The application that serves these tables. */
export function createApp(tables: RouteTable[], services: Services, signals: RequestSignals): Koa {
  const { config, log } = services;
  const app = new Koa();
  app.on('error', (error: NodeJS.ErrnoException) => {
    log[CLIENT_WENT_AWAY.has(error.code ?? '') ? 'debug' : 'error']({ err: error }, 'an answer broke off');
  });
  app.use(logging(log));
  app.use(answeringProblems(log));
  app.use(routing(tables, { services, guard: guardOf(config.auth.tokens), signals }));
  return app;
}
