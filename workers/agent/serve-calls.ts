// What the agent does for the rest of the cluster: each call to its node's hypervisor and to its OSDs. One that changes something is done
// only while the locks in whose name it came are still held.
import type { Logger } from 'pino';
import type { Permit } from '../../src/cluster/permit.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import type { Keys } from '../../src/jobs/keys.js';
import type { NodeCall } from '../../src/jobs/node-call.js';
import { serveNodeCalls, type CallContext, type NodeService } from '../../src/jobs/node-service.js';
import type { Redis } from '../../src/jobs/redis.js';
import { HYPERVISOR_METHODS, OSD_HOST_METHODS } from '../drivers/wire-methods.js';
import type { CallContext as CommandContext } from '../drivers/call-context.js';
import type { OsdHost } from '../drivers/ceph-osd-host.js';
import type { AgentHypervisor } from '../drivers/hypervisor.js';
import type { Tenure } from './tenure.js';
import { turnstile } from './turnstile.js';

export interface ServedNode {
  node: string;
  hypervisor: AgentHypervisor;
  /** The OSDs of the node, for one call. */
  osdHost(context: CommandContext): Promise<OsdHost>;
  /** Calls are taken while the node is this agent's. */
  tenure: Tenure;
  redis: Redis;
  keys: Keys;
  log: Logger;
}

type Perform = (...given: readonly unknown[]) => Promise<unknown>;

export function serveNode({ node, hypervisor, osdHost, tenure, redis, keys, log }: ServedNode): NodeService {
  const oneByOne = turnstile();

  /** Throws environment_error when it takes longer than the caller waits for a sign of life. */
  async function inTime(method: string, { timeoutMs, left }: CallContext, work: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
    const tooLate = AbortSignal.timeout(timeoutMs);
    try {
      await work(AbortSignal.any([tooLate, left]));
    } catch (cause) {
      if (cause instanceof ClassifiedError || !tooLate.aborted) throw cause;
      const text = `the agent of node "${node}" does not reach the cluster store to see who holds the locks: "${method}" was not done`;
      throw new ClassifiedError('environment_error', text, { cause });
    }
  }

  /** Asked where the call has all that it needs, at the last moment; whoever has lost the locks meanwhile changes nothing. */
  function permitOf({ method, fence }: NodeCall, context: CallContext): Permit {
    if (fence === undefined) throw new Error(`"${method}" changes node ${node} and came without a fence`);
    return async () => await inTime(method, context, (signal) => tenure.assertHeld(fence, signal));
  }

  const perform = async (port: object, name: string, { args }: NodeCall) => await (Reflect.get(port, name) as Perform)(...args);

  const service = {
    node,
    async handle(call: NodeCall, context: CallContext) {
      const { method } = call;
      // Taken at the moment at which the node went to another agent, perhaps: then this is another machine.
      if (tenure.held === undefined) await inTime(method, context, tenure.until);
      const domains = HYPERVISOR_METHODS.get(method);
      if (domains !== undefined) {
        return await perform(domains.changes ? hypervisor.under(permitOf(call, context)) : hypervisor, domains.name, call);
      }
      const osds = OSD_HOST_METHODS.get(method);
      if (osds === undefined) {
        const text = `the agent of node "${node}" does not know "${method}"; is it older than the worker?`;
        throw new ClassifiedError('environment_error', text);
      }
      const work = async (more: CommandContext) => await perform(await osdHost({ onStderr: context.note, ...more }), osds.name, call);
      if (!osds.changes) return await work({});
      const permit = permitOf(call, context);
      // A call whose worker died may still be under way when the next worker makes it again: this one must find what that one made.
      return await oneByOne(async () => {
        await permit();
        return await work({ permit });
      });
    },
    onFailure(error: ClassifiedError, { method }: NodeCall) {
      const details = { node, method, class: error.errorClass };
      if (error.cause === undefined) log.info(details, error.message);
      else log.warn({ ...details, err: error.cause }, error.message);
    },
  };

  const closing = new AbortController();
  async function serve(): Promise<void> {
    for (;;) {
      const { lost } = await tenure.until(closing.signal);
      const serving = serveNodeCalls(redis, keys, service);
      const over = AbortSignal.any([lost, closing.signal]);
      if (!over.aborted) await new Promise<void>((resolve) => over.addEventListener('abort', () => resolve(), { once: true }));
      await serving.close();
    }
  }
  const serving = serve().catch((error: unknown) => {
    if (!closing.signal.aborted) log.error({ err: error, node }, 'the agent cannot serve its node');
  });
  return {
    async close() {
      closing.abort(new Error('the agent is going away'));
      await serving;
    },
  };
}
