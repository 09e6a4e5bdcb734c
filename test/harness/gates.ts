// An opcode of the tests' own, whose steps wait at gates that the test opens: so that a test has a job exactly where it wants it.
import Type from 'typebox';
import type { Opcode } from '../../schemas/job.js';
import { opcodeSchema } from '../../schemas/opcodes/opcode-schema.js';
import { exclusive } from '../../workers/engine/lock-wish.js';
import { opcode, step, type OpcodeDefinition, type StepContext } from '../../workers/engine/opcode.js';

const PassGates = opcodeSchema({
  id: 'OP_PASS_GATES',
  title: 'Pass gates',
  description: 'Has a step for each gate',
  parameters: {
    gates: Type.Array(Type.String()),
    lock: Type.Optional(Type.Array(Type.String())),
    node: Type.Optional(Type.String()),
  },
  result: Type.Array(Type.String()),
});

/** The same, but keeping a node busy. */
const ON_NODE = 'OP_PASS_GATES_ON_NODE';

/** What happened at the gates, in order. */
interface GateEvent {
  job: number;
  gate: string;
  what: 'arrived' | 'passed' | 'stopped' | 'undone';
}

export interface Gates {
  /** For the workers of the test. */
  opcodes: ReadonlyMap<string, OpcodeDefinition>;
  events: GateEvent[];
  /** Lets everybody through who is there or comes; a gate that starts with `open` is never shut. */
  open(gate: string): void;
  /** Resolves when a job has arrived there so many times. */
  arrivals(gate: string, times?: number): Promise<void>;
  /** Whether a job that stands at this gate ignores that it shall stop. */
  deaf(gate: string): void;
}

/** The opcode that passes these gates, one after the other, under these locks, and keeps that node busy meanwhile. */
export const passGates = (gates: string[], more: { lock?: string[]; node?: string } = {}): Opcode => ({
  OP_ID: more.node === undefined ? PassGates.id : ON_NODE,
  gates,
  ...more,
});

/** Gates that are all shut, and the opcode that passes them. */
export function buildGates(): Gates {
  const events: GateEvent[] = [];
  const doors = new Map<string, PromiseWithResolvers>();
  const deaf = new Set<string>();
  const listeners = new Set<() => void>();

  const doorOf = (gate: string) => {
    const door = doors.get(gate) ?? promiseWithResolvers();
    doors.set(gate, door);
    return door;
  };
  const tell = (event: GateEvent) => {
    events.push(event);
    for (const listener of listeners) listener();
  };
  const pass = async (gate: string, { job, signal }: StepContext) => {
    tell({ job, gate, what: 'arrived' });
    const stopped = promiseWithResolvers();
    const stop = () => stopped.reject(signal.reason as Error);
    if (!deaf.has(gate)) signal.addEventListener('abort', stop, { once: true });
    try {
      if (!gate.startsWith('open')) await Promise.race([doorOf(gate).promise, stopped.promise]);
      tell({ job, gate, what: 'passed' });
    } catch (error) {
      tell({ job, gate, what: 'stopped' });
      throw error;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  };
  const definition = opcode(PassGates, {
    version: 1,
    locks: ({ lock = [] }) => lock.map((name) => exclusive.anyVm(name)),
    check: async (_world, { gates, node }) => ({ gates, node: node ?? null }),
    steps: ({ gates }) =>
      gates.map((gate, index) =>
        step(`pass-${index}`, `pass ${gate}`, {
          run: (context) => pass(gate, context),
          undo: async ({ job }) => tell({ job, gate, what: 'undone' }),
        }),
      ),
    result: ({ gates }) => gates,
  });

  return {
    opcodes: new Map([
      [definition.id, definition],
      [ON_NODE, { ...definition, id: ON_NODE, nodes: (facts) => [(facts as { node: string }).node] }],
    ]),
    events,
    open: (gate) => doorOf(gate).resolve(),
    async arrivals(gate, times = 1) {
      const enough = () => events.filter((event) => event.gate === gate && event.what === 'arrived').length >= times;
      while (!enough()) {
        const next = promiseWithResolvers();
        listeners.add(next.resolve);
        await next.promise;
        listeners.delete(next.resolve);
      }
    },
    deaf: (gate) => void deaf.add(gate),
  };
}

interface PromiseWithResolvers {
  promise: Promise<void>;
  resolve: () => void;
  reject: (error: Error) => void;
}

/** Node 20 has no Promise.withResolvers. */
function promiseWithResolvers(): PromiseWithResolvers {
  let resolve = () => {};
  let reject = (_error: Error) => {};
  const promise = new Promise<void>((res, rej) => {
    resolve = res;
    reject = rej;
  });
  // Whoever awaits it hears of it; nobody has to.
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}
