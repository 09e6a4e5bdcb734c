// The schemas of the OpenAPI document: those that have names, and references to them wherever they are used.
import type { TSchema } from 'typebox';
import { Problem } from '../../schemas/error-class.js';
import { Accepted, JobRecord } from '../../schemas/job.js';
import { OPCODES } from '../../schemas/opcodes/catalogue.js';
import type { OpcodeSchema } from '../../schemas/opcodes/opcode-schema.js';
import { Lock } from '../../schemas/resources/lock.js';
import { Node } from '../../schemas/resources/node.js';
import { Osd } from '../../schemas/resources/osd.js';
import { Pool } from '../../schemas/resources/pool.js';
import { StorageDf, StorageStatus } from '../../schemas/resources/storage-status.js';
import { Vm } from '../../schemas/resources/vm.js';
import { Snapshot, Volume } from '../../schemas/resources/volume.js';

type Json = unknown;

const RESOURCES: [TSchema, string][] = [
  [Problem, 'Problem'],
  [JobRecord, 'Job'],
  [Accepted, 'Accepted'],
  [Vm, 'Vm'],
  [Node, 'Node'],
  [Lock, 'Lock'],
  [Osd, 'Osd'],
  [Pool, 'Pool'],
  [Snapshot, 'Snapshot'],
  [StorageDf, 'StorageDf'],
  [StorageStatus, 'StorageStatus'],
  [Volume, 'Volume'],
];
const NAMED: ReadonlyMap<unknown, string> = new Map<unknown, string>(RESOURCES);

// A keyword of ours that no reader of the document knows.
const OWN_KEYWORD = 'domainXml';

export const reference = (name: string) => ({ $ref: `#/components/schemas/${name}` });

function written(value: unknown): Json {
  const name = NAMED.get(value);
  if (name !== undefined) return reference(name);
  if (Array.isArray(value)) return value.map(written);
  return typeof value === 'object' && value !== null ? spelledOut(value) : value;
}

function spelledOut(value: object): Record<string, Json> {
  const kept = Object.entries(value).filter(([key]) => key !== OWN_KEYWORD);
  return Object.fromEntries(kept.map(([key, inner]) => [key, written(inner)]));
}

/** The schema as it stands in the document, with references to what has a name. */
export const schemaText = (schema: TSchema): Json => written(schema);

/** What must be given: what is required and has no default. */
export function mandatory(properties: Record<string, TSchema>, required: string[] = []): string[] {
  return required.filter((name) => !('default' in (properties[name] ?? {})));
}

/** An opcode as it is submitted: its parameters and its wire name in one object. */
function opcodeText({ id, parameters }: OpcodeSchema): Json {
  const { properties, required, ...rest } = parameters;
  return {
    ...spelledOut(rest),
    required: ['OP_ID', ...mandatory(properties, required)],
    properties: { OP_ID: { type: 'string', const: id }, ...spelledOut(properties) },
  };
}

/** Any opcode, told apart by `OP_ID`. */
const anyOpcode: Json = {
  oneOf: OPCODES.map(({ id }) => reference(id)),
  discriminator: { propertyName: 'OP_ID', mapping: Object.fromEntries(OPCODES.map(({ id }) => [id, reference(id).$ref])) },
};

/** Every schema with a name: resources, errors, and for each opcode its parameters and its result. */
export function namedSchemas(): Record<string, Json> {
  const resources = RESOURCES.map(([schema, name]): [string, Json] => [name, spelledOut(schema)]);
  const opcodes = OPCODES.flatMap((opcode): [string, Json][] => [
    [opcode.id, opcodeText(opcode)],
    [`${opcode.id}_result`, schemaText(opcode.result)],
  ]);
  return Object.fromEntries([...resources, ['Opcode', anyOpcode], ...opcodes]);
}
