// The hypervisors of a cluster as the workers have them: each is reached through its node's agent.
import type { Hypervisor, HypervisorMethod, Hypervisors } from '../hypervisor.js';
import { agentPort, type AgentPortOptions } from './agent-port.js';
import { HYPERVISOR_METHODS } from '../wire-methods.js';

export const agentHypervisors = (options: AgentPortOptions): Hypervisors => ({
  async on(node, fence) {
    const methods = agentPort<Pick<Hypervisor, HypervisorMethod>>(options, HYPERVISOR_METHODS, node, fence ?? {});
    return { ...methods, close: async () => undefined };
  },
});
