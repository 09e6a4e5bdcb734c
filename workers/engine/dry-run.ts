// What a dry run says of an opcode that comes after others in its job. It judges each against the cluster as it is; where an earlier one would
// have changed what a later one works on, that judgement would be worth nothing, so none is made.
import type { Opcode } from '../../schemas/job.js';
import { resourcesOf } from '../../src/admission/summary.js';
import type { EngineParts } from './engine.js';
import type { LockWish } from './lock-wish.js';
import type { OpcodeDefinition } from './opcode.js';

/** The result of an opcode that a dry run has judged. */
export interface Judged {
  locks: [resource: string, mode: string][];
  facts: unknown;
  /** The names of its steps. */
  steps: string[];
}

/** The result of one that it could not judge. */
export interface NotJudged {
  /** The earlier opcodes of the job that it depends on, by their place. */
  depends_on: number[];
  /** What they would change. */
  resources: string[];
}

/** What of the cluster an opcode touches. */
interface Reach {
  changes: Set<string>;
  uses: Set<string>;
  /** Whether it may keep a node busy of which nothing is known. */
  anyNode: boolean;
}

/** A name that a VM is given, or has, is the VM; to empty a node is to change it. */
const KINDS: Partial<Record<LockWish['kind'], string>> = { 'vm-name': 'vm', 'node-maintenance': 'node' };
const thing = (kind: string, name: string) => `${KINDS[kind as LockWish['kind']] ?? kind}/${name}`;

/** What was found out about an opcode before its steps. */
type Found = Pick<Judged, 'locks' | 'facts'>;

/** `found`: its locks by their names in the cluster, and what its check has answered; absent as long as nothing is known but what was asked for. */
function reachOf(op: Opcode, definition: OpcodeDefinition, found?: Found): Reach {
  const { OP_ID: _, ...parameters } = op as Opcode & Record<string, never>;
  const reach: Reach = { changes: new Set(), uses: new Set(), anyNode: found === undefined && definition.nodes !== undefined };
  const add = (resource: string, isChanged: boolean) => {
    reach.uses.add(resource);
    if (isChanged) reach.changes.add(resource);
  };
  for (const { kind, name, mode } of definition.locks(parameters)) add(thing(kind, name), mode === 'exclusive');
  for (const [resource, mode] of found?.locks ?? []) {
    const slash = resource.indexOf('/');
    add(thing(resource.slice(0, slash), resource.slice(slash + 1)), mode === 'exclusive');
  }
  // Where it goes, if it says so.
  for (const resource of resourcesOf(op)) if (resource.startsWith('node/')) add(resource, false);
  // A guest that comes or goes leaves less room there, or more.
  for (const node of found === undefined ? [] : (definition.nodes?.(found.facts) ?? [])) add(thing('node', node), true);
  return reach;
}

/** What of it the earlier one would have changed. */
function overlap(earlier: Reach, later: Reach): string[] {
  const nodes = earlier.anyNode ? [...later.uses].filter((resource) => resource.startsWith('node/')) : [];
  return [...[...earlier.changes].filter((resource) => later.uses.has(resource)), ...nodes];
}

export interface DryRun {
  engine: Pick<EngineParts, 'opcodes'>;
  ops: readonly Opcode[];
  /** The result of an earlier opcode of the job. */
  resultOf(index: number): Judged | NotJudged;
}

/** Undefined: nothing before this opcode touches what it works on, as far as is known. With `found` more is. */
export function notJudged({ engine, ops, resultOf }: DryRun, index: number, found?: Found): NotJudged | undefined {
  const reach = (at: number, known?: Found): Reach | undefined => {
    const op = ops[at];
    const definition = engine.opcodes.get(op?.OP_ID ?? '');
    return op && definition && reachOf(op, definition, known);
  };
  const own = reach(index, found);
  if (own === undefined) return undefined;
  const depends: NotJudged = { depends_on: [], resources: [] };
  for (let earlier = 0; earlier < index; earlier++) {
    const result = resultOf(earlier);
    const before = reach(earlier, 'facts' in result ? result : undefined);
    const shared = before === undefined ? [] : overlap(before, own);
    if (shared.length === 0) continue;
    depends.depends_on.push(earlier);
    depends.resources.push(...shared);
  }
  if (depends.depends_on.length === 0) return undefined;
  return { ...depends, resources: [...new Set(depends.resources)].toSorted() };
}
