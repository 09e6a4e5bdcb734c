// A port of a node as the workers have it: each of its methods is a call in the node's queue, which its agent does.
import { ClassifiedError } from '../../../src/errors/classified-error.js';
import type { NodeCalls } from '../../../src/jobs/node-calls.js';
import type { Fence } from '../hypervisor.js';
import type { WireMethods } from '../wire-methods.js';

export interface AgentPortOptions {
  calls: NodeCalls;
  /** Whether the cluster has a node of that name. */
  exists(node: string): boolean;
  /** How long an agent may take to begin a call, and how long it may then give no sign of life. */
  timeoutMs: number;
}

interface Work extends Partial<Fence> {
  /** Told what the agent noted on the way. */
  onNote?: ((line: string) => void) | undefined;
}

type Methods<P> = { [Method in keyof P]: (...args: never[]) => Promise<unknown> };

/** unknown_entity: no such node. */
export function agentPort<P extends Methods<P>>(
  { calls, exists, timeoutMs }: AgentPortOptions,
  methods: WireMethods,
  node: string,
  work: Work,
): P {
  if (!exists(node)) throw new ClassifiedError('unknown_entity', `node "${node}" does not exist`);
  const { entries, signal, onNote } = work;
  const own = [...methods].map(([method, { name, changes }]) => [
    name,
    (...args: unknown[]) =>
      calls.call(node, { method, args, ...(changes && entries !== undefined ? { fence: entries } : {}) }, { timeoutMs, signal, onNote }),
  ]);
  // The agent does what the port says with the same arguments, and what comes back is what stands behind the port there.
  return Object.fromEntries(own) as P;
}
