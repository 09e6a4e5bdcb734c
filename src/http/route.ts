// A route as data. The server, the OpenAPI document and the answer to a wrong method are all made from these rows.
import Type, { type Static, type TObject, type TProperties, type TSchema } from 'typebox';
import { submissionValues, type Opcode } from '../../schemas/job.js';
import type { ServerSentEvent } from './server-sent-events.js';
import type { Services } from './services.js';

/** The request beyond its values. */
export interface Request {
  /** The path as it was asked for, without the query. */
  path: string;
  header(name: string): string | undefined;
  /** Aborts when the client has gone or the server closes. Asked for only by routes that wait. */
  readonly signal: AbortSignal;
}

export interface Answer {
  /** What is answered as JSON; a JsonText as it stands. */
  body: unknown;
  headers?: Record<string, string>;
}

/** JSON that somebody has written already. */
export class JsonText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

interface Row<P extends TProperties> {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** `/vm/:vm`; what follows a colon is one of the values. */
  path: string;
  /** `none`: anybody; `read`: any token; `write`: a token that may write. */
  access: 'none' | 'read' | 'write';
  /** One sentence for the published document. */
  summary: string;
  /** Every value that the route takes, from path, query or body. */
  values: P;
  /** Other names that clients know values by. */
  aliases?: Readonly<Record<string, keyof P & string>>;
  /** The value that a body which is a JSON list stands for. */
  listValue?: keyof P & string;
  /** The value that a body which is XML stands for. */
  xmlValue?: keyof P & string;
}

interface Reading<P extends TProperties> extends Row<P> {
  answer: TSchema;
  read(services: Services, values: Static<TObject<P>>, request: Request): Answer | Promise<Answer>;
}

interface Mutation<P extends TProperties> extends Row<P> {
  /** The client writes the opcodes itself: what is wrong with them is told by their place in its list. */
  opcodesGiven?: boolean;
  /** Submissions that are accepted together, when the request gives such; each takes the place of the request's own values. */
  several?(values: Static<TObject<P>>): Values[] | undefined;
  /** The opcodes that do it; they are checked and completed before they are queued. */
  ops(values: Static<TObject<P>>): Opcode[];
  /** Values that stand for a parameter of another name, by that name: a fault of the parameter is told as one of the value. */
  calls?: Readonly<Record<string, keyof P & string>>;
  /** What the client is told; `ops` are the completed opcodes. */
  message(values: Static<TObject<P>>, ops: Opcode[]): string;
}

interface Stream<P extends TProperties> extends Row<P> {
  /** The events, once it is clear that there are any; throws as a reader does. */
  open(services: Services, values: Static<TObject<P>>, request: Request): Promise<AsyncIterable<ServerSentEvent>>;
}

/** Values of any row, once they are checked. */
export type Values = Record<string, unknown>;

interface Erased {
  /** The values as one schema; a mutation's also hold what every submission takes. */
  schema: TObject;
}
export type ReadingRoute = Reading<TProperties> & Erased & { kind: 'reading' };
export type MutationRoute = Mutation<TProperties> & Erased & { kind: 'mutation' };
export type StreamRoute = Stream<TProperties> & Erased & { kind: 'stream' };
export type Route = ReadingRoute | MutationRoute | StreamRoute;

/** The routes of one dialect and where they begin: the same rows may be served under several prefixes. */
export interface RouteTable {
  /** Groups the routes in the published document. */
  name: string;
  prefixes: string[];
  routes: Route[];
}

/** A row's path under one of its table's prefixes; the root of a prefix is the prefix itself. */
export const pathUnder = (prefix: string, path: string): string => (path === '/' && prefix !== '' ? prefix : `${prefix}${path}`);

// The values' own types are forgotten here: a row is only ever given values that its schema has passed.
const forgetful = (row: object): Route => row as Route;

const schemaOf = (values: TProperties): TObject => Type.Object(values, { additionalProperties: false });

/** A route that answers at once, or when something it waits for has happened. */
export function reading<P extends TProperties>(row: Reading<P>): Route {
  return forgetful({ ...row, kind: 'reading', schema: schemaOf(row.values) });
}

/** A route that submits a job. Besides its own values it takes `dry_run`, `priority`, `depends` and `reason`. */
export function mutation<P extends TProperties>(row: Mutation<P>): Route {
  return forgetful({ ...row, kind: 'mutation', schema: schemaOf({ ...row.values, ...submissionValues }) });
}

/** A route that answers with server-sent events. */
export function stream<P extends TProperties>(row: Stream<P>): Route {
  return forgetful({ ...row, kind: 'stream', schema: schemaOf(row.values) });
}
