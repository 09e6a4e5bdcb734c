// Keeps the guests' key to Ceph in the node's hypervisor: from the agent's start on, and again when the hypervisor is back from being away.
import type { Logger } from 'pino';
import type { Permit } from '../../src/cluster/permit.js';
import type { AgentHypervisor, CephSecret } from '../drivers/hypervisor.js';

/** Answers the key of this node, or undefined as long as it has none. */
export type ReadSecret = () => Promise<CephSecret | undefined>;

export interface SecretKeeper {
  /** Does nothing while it is kept. Does not fail: the node is good for other guests. */
  keep(): Promise<void>;
  /** The hypervisor was away, and may have come back as another one. */
  doubt(): void;
}

export function keepSecret(hypervisor: AgentHypervisor, permit: Permit, read: ReadSecret, log: Logger): SecretKeeper {
  let isKept = false;
  let hasFailed = false;
  return {
    async keep() {
      if (isKept) return;
      try {
        const secret = await read();
        if (secret === undefined) return;
        await hypervisor.under(permit).defineCephSecret(secret);
        isKept = true;
        hasFailed = false;
        log.info("the hypervisor has the guests' key to Ceph");
      } catch (error) {
        if (!hasFailed) log.warn({ err: error }, "the hypervisor could not be given the guests' key to Ceph");
        hasFailed = true;
      }
    },
    doubt() {
      isKept = false;
    },
  };
}
