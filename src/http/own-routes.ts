// The routes that belong to no dialect: whether the process is well, and what can be asked of it.
import Type from 'typebox';
import { openApiOf } from './openapi.js';
import { reading, type RouteTable } from './route.js';

/** The table of these routes; the document describes the given tables and itself. */
export function ownRoutes(dialects: RouteTable[]): RouteTable {
  let document: unknown;
  const table: RouteTable = {
    name: 'service',
    prefixes: [''],
    routes: [
      reading({
        method: 'GET',
        path: '/healthz',
        access: 'none',
        summary: 'Whether the process answers.',
        values: {},
        answer: Type.Object({ status: Type.Enum(['ok']) }),
        read: () => ({ body: { status: 'ok' } }),
      }),
      reading({
        method: 'GET',
        path: '/api/v1/openapi.json',
        access: 'read',
        summary: 'This document.',
        values: {},
        answer: Type.Object({}, { additionalProperties: true, description: 'an OpenAPI 3.1 document' }),
        read: () => ({ body: (document ??= openApiOf([...dialects, table])) }),
      }),
    ],
  };
  return table;
}
