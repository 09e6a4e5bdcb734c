// The token in a request's headers: `Authorization: Bearer …`, or `X-Api-Key: …` as PVC's clients send it.
import type { IncomingHttpHeaders } from 'node:http';

/** The token as the headers give it; undefined when they have none. */
export function tokenInHeaders(headers: IncomingHttpHeaders): string | undefined {
  const bearer = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
  const apiKey = headers['x-api-key'];
  return bearer ?? (typeof apiKey === 'string' ? apiKey : undefined);
}
