// Whether a request may do what it asks for. This is settled before its values are looked at: who has no token learns nothing of them.
import type { Context } from 'koa';
import { tokenInHeaders } from '../auth/header-token.js';
import type { Guard, Identity } from '../auth/tokens.js';
import { parseForm } from './form-text.js';
import { Refusal } from './refusal.js';
import { readBody } from './request-body.js';
import { givenValues, takeToken, type GivenValues } from './request-values.js';
import type { Route } from './route.js';

interface Authenticated {
  user: string;
  /** The request's values, without the token. */
  given: GivenValues;
}

const NOBODY: Identity = { user: 'anonymous', access: 'read' };

const isDenial = (error: unknown): boolean => error instanceof Refusal && (error.status === 401 || error.status === 403);

function assertMay(route: Route, identity: Identity | undefined, token: string | undefined): Identity {
  if (route.access === 'none') return identity ?? NOBODY;
  if (identity === undefined) {
    const message = token === undefined ? 'a token is required: Authorization: Bearer <token>' : 'the token is not known';
    throw new Refusal(401, message, { 'WWW-Authenticate': 'Bearer' });
  }
  if (route.access === 'write' && identity.access === 'read') throw new Refusal(403, `the token ${identity.user} may only read`);
  return identity;
}

/**
 * The request's user and values. Throws Refusal 401 or 403. Headers are judged first, then the query, then the body; what can't be read
 * there is told only to who has shown a token before.
 */
export async function authenticate(ctx: Context, route: Route, path: Record<string, string>, guard: Guard): Promise<Authenticated> {
  const judge = (token: string | undefined): Identity => assertMay(route, guard.identify(token), token);
  const inHeaders = tokenInHeaders(ctx.req.headers);
  let identity = inHeaders !== undefined || !guard.required ? judge(inHeaders) : undefined;
  try {
    const query = parseForm(ctx.querystring);
    const inQuery = takeToken({ texts: query, typed: [] }).token;
    if (inQuery !== undefined) identity ??= judge(inQuery);
    const { token, values } = takeToken(givenValues(route, path, query, await readBody(ctx)));
    identity ??= judge(token);
    return { user: identity.user, given: values };
  } catch (error) {
    if (identity === undefined && !isDenial(error)) judge(undefined);
    throw error;
  }
}
