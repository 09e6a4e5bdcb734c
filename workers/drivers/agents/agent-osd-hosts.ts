// The nodes that have OSDs as the workers have them: each is reached through its agent. What the commands there say comes with the answer.
import type { OsdHost, OsdHosts } from '../ceph-osd-host.js';
import { agentPort, type AgentPortOptions } from './agent-port.js';
import { OSD_HOST_METHODS } from '../wire-methods.js';

export const agentOsdHosts = (options: AgentPortOptions): OsdHosts => ({
  on: async (node, { onStderr, ...fence } = {}) => agentPort<OsdHost>(options, OSD_HOST_METHODS, node, { ...fence, onNote: onStderr }),
});
