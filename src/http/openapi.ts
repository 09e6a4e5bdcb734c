// The OpenAPI 3.1 document, made from the route tables and the schemas: what is served is what is described.
import type { TSchema } from 'typebox';
import { mandatory, namedSchemas, reference, schemaText } from './openapi-schemas.js';
import { pathUnder, type MutationRoute, type Route, type RouteTable } from './route.js';

type Json = Record<string, unknown>;

const problem = { description: 'the request failed', content: { 'application/problem+json': { schema: reference('Problem') } } };
const json = (schema: unknown) => ({ 'application/json': { schema } });

const SUBMISSION_HEADERS = [
  {
    name: 'Idempotency-Key',
    in: 'header',
    schema: { type: 'string', minLength: 1, maxLength: 255 },
    description: 'the same key with the same request gives the same job; with another request, 422',
  },
  {
    name: 'Prefer',
    in: 'header',
    schema: { type: 'string' },
    description: '`wait=<seconds>`, at most 60: hold the answer until the job has ended, at most that long',
  },
];

const pathNames = ({ path }: Route): string[] => [...path.matchAll(/:(\w+)/g)].flatMap(([, name]) => name ?? []);

const hasBody = ({ method }: Route): boolean => method === 'POST' || method === 'PUT';

function parameter(name: string, schema: TSchema, where: 'path' | 'query', required: boolean): Json {
  return { name, in: where, required, schema: schemaText(schema) };
}

function parametersOf(route: Route): Json[] {
  const { properties, required } = route.schema;
  const inPath = new Set(pathNames(route));
  const must = new Set(mandatory(properties, required));
  const path = Object.entries(properties).filter(([name]) => inPath.has(name));
  const query = hasBody(route) ? [] : Object.entries(properties).filter(([name]) => !inPath.has(name));
  return [
    ...path.map(([name, schema]) => parameter(name, schema, 'path', true)),
    ...query.map(([name, schema]) => parameter(name, schema, 'query', must.has(name))),
    ...(route.kind === 'mutation' ? SUBMISSION_HEADERS : []),
  ];
}

function bodySchema(route: Route): Json {
  const { properties, required } = route.schema;
  const inPath = new Set(pathNames(route));
  const own = Object.entries(properties).filter(([name]) => !inPath.has(name));
  const opcodes = { type: 'array', minItems: 1, maxItems: 1000, items: reference('Opcode') };
  const given = route.kind === 'mutation' && route.opcodesGiven === true;
  return {
    type: 'object',
    additionalProperties: false,
    required: mandatory(properties, required).filter((name) => !inPath.has(name)),
    properties: Object.fromEntries(own.map(([name, schema]) => [name, given && name === 'ops' ? opcodes : schemaText(schema)])),
  };
}

function bodyOf(route: Route): Json {
  if (!hasBody(route)) return {};
  const schema = bodySchema(route);
  const xml = route.xmlValue === undefined ? {} : { 'application/xml': { schema: { type: 'string' } } };
  return {
    requestBody: {
      description: 'the values; each may stand in the query instead',
      content: { ...json(schema), 'application/x-www-form-urlencoded': { schema }, ...xml },
    },
  };
}

function mutationSuccesses({ several }: MutationRoute): Json {
  const headers = { Location: { description: 'the job', schema: { type: 'string' } } };
  const result = { description: "the opcode's result; a list for several" };
  const jobs = { type: 'object', properties: { jobs: { type: 'array', items: { type: 'integer' } }, message: { type: 'string' } } };
  const accepted = several === undefined ? reference('Accepted') : { anyOf: [reference('Accepted'), jobs] };
  const ended = { allOf: [reference('Accepted'), { type: 'object', properties: { result } }] };
  return {
    200: { description: 'waited for, and the job ended in success', headers, content: json(ended) },
    202: { description: 'the job is accepted', headers, content: json(accepted) },
  };
}

function successes(route: Route): Json {
  if (route.kind === 'mutation') return mutationSuccesses(route);
  if (route.kind === 'stream') return { 200: { description: 'events', content: { 'text/event-stream': { schema: { type: 'string' } } } } };
  return { 200: { description: 'the answer', content: json(schemaText(route.answer)) } };
}

function failures(route: Route): Json {
  const statuses = [
    ...(route.access === 'none' ? [] : [400, 401]),
    ...(route.access === 'write' ? [403] : []),
    ...(pathNames(route).length > 0 ? [404] : []),
    ...(route.kind === 'mutation' ? [409, 413, 415, 422] : []),
    500,
    503,
  ];
  return Object.fromEntries(statuses.map((status) => [status, { $ref: '#/components/responses/Problem' }]));
}

function operation(route: Route, path: string, tag: string): Json {
  const words = path.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  return {
    operationId: [route.method.toLowerCase(), ...words].join('_'),
    tags: [tag],
    summary: route.summary,
    ...(route.access === 'none' ? { security: [] } : {}),
    parameters: parametersOf(route),
    ...bodyOf(route),
    responses: { ...successes(route), ...failures(route) },
  };
}

/** Every path with its operations, in the tables' order. */
function pathsOf(tables: RouteTable[]): Json {
  const paths: Record<string, Json> = {};
  for (const { name, prefixes, routes } of tables) {
    for (const [prefix, route] of prefixes.flatMap((mount) => routes.map((row): [string, Route] => [mount, row]))) {
      const path = pathUnder(prefix, route.path).replaceAll(/:(\w+)/g, '{$1}');
      paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route, path, name) };
    }
  }
  return paths;
}

/** The document that describes these tables. */
export function openApiOf(tables: RouteTable[]): Json {
  return {
    openapi: '3.1.0',
    info: {
      title: 'rapid',
      version: '1',
      description:
        'Clusters of KVM hypervisors in which every change is a job. Values are taken from query, form and JSON alike; in names `-` and `_` are the same.',
    },
    security: [{ bearer: [] }, { apiKey: [] }],
    paths: pathsOf(tables),
    components: {
      schemas: namedSchemas(),
      responses: { Problem: problem },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        apiKey: { type: 'apiKey', in: 'header', name: 'X-Api-Key' },
      },
    },
  };
}
