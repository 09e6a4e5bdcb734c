// An opcode of the tests' own that exists in several versions: each one's steps make things and take them away again, and a step of the test's
// choice stands still. So a rolling upgrade can be played with old and new workers side by side.
import Type from 'typebox';
import type { Opcode } from '../../schemas/job.js';
import { opcodeSchema } from '../../schemas/opcodes/opcode-schema.js';
import { exclusive } from '../../workers/engine/lock-wish.js';
import { opcode, step, type OpcodeDefinition } from '../../workers/engine/opcode.js';
import { opcodes as registry } from '../../workers/opcodes/registry.js';

const MakeThings = opcodeSchema({
  id: 'OP_MAKE_THINGS',
  title: 'Make things',
  description: 'Makes a thing in each step',
  parameters: { at: Type.String(), child: Type.Optional(Type.Boolean()) },
  result: Type.Array(Type.String()),
});

export const MAKE_THINGS = MakeThings.id;

/** The opcode that stands still at this step in workers that hold it up there; with a child, it has one running from its first step on. */
export const makeThings = (at: string, more: { child?: boolean } = {}): Opcode => ({ OP_ID: MAKE_THINGS, at, ...more });

export interface Version {
  version?: number;
  /** The things, in order. */
  things: string[];
  /** Whether a step that an opcode names as its own stands still here, until its worker is gone. */
  stands?: boolean;
  /** A step from which on it cannot be cancelled. */
  irrevocable?: string;
  /** Done to the facts before steps are made of them. */
  read?(facts: unknown): void;
  result?(): string[];
}

export interface Workshop {
  /** The registry of a worker that knows the opcode so. */
  opcodes(version: Version): ReadonlyMap<string, OpcodeDefinition>;
  /** What was made and not taken away, in the order of making; what was made twice is here twice. */
  made: string[];
  /** Resolves when a job stands still for the nth time. */
  standing(times?: number): Promise<void>;
}

export function openWorkshop(): Workshop {
  const made: string[] = [];
  let stood = 0;
  const listeners = new Set<() => void>();
  const stand = async (signal: AbortSignal) => {
    stood += 1;
    for (const listener of listeners) listener();
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }));
  };
  const definition = ({ version = 1, things, stands = false, irrevocable, read, result }: Version) =>
    opcode(MakeThings, {
      version,
      locks: () => [exclusive.anyVm('workshop')],
      check: async (_world, { at, child = false }) => ({ at, child }),
      steps: (facts) => {
        read?.(facts);
        return things.map((thing) =>
          step(thing, `make the ${thing}`, {
            run: async (context) => {
              if (stands && facts.at === thing && facts.child) await context.child('running', { OP_ID: 'OP_TEST_DELAY', duration: 600 });
              if (stands && facts.at === thing) await stand(context.signal);
              made.push(thing);
            },
            ...(thing === irrevocable ? { irrevocable: 'it is being made' } : {}),
            undo: async () => {
              if (made.includes(thing)) made.splice(made.lastIndexOf(thing), 1);
            },
          }),
        );
      },
      result: result ?? (() => [...made]),
    });
  return {
    opcodes: (version) => new Map([...registry, [MAKE_THINGS, definition(version)]]),
    made,
    async standing(times = 1) {
      while (stood < times) await new Promise<void>((resolve) => listeners.add(resolve));
    },
  };
}
