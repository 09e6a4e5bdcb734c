// The agent as a process of its own: one on each hypervisor node.
import { hostname } from 'node:os';
import { openStore } from '../src/cluster/open-store.js';
import { loadConfig } from '../src/config/load-config.js';
import { runProcess } from '../src/process/closing.js';
import { openLog } from '../src/process/log.js';
import { assertSharedStore } from '../src/process/required-settings.js';
import { startAgent } from './agent/agent.js';
import { hostFigures } from './agent/host-figures.js';
import { connectLibvirt } from './drivers/libvirt/connect-libvirt.js';

await runProcess(async (closing, signal) => {
  const config = loadConfig();
  assertSharedStore(config);
  const log = openLog(config);
  const node = config.agent.node || (hostname().split('.')[0] as string);
  const store = await openStore(config, signal);
  closing.add(() => store.close());
  const hypervisor = await connectLibvirt({ uri: config.agent.libvirt_uri });
  closing.add(() => hypervisor.close());
  const agent = await startAgent({
    node,
    uri: config.agent.remote_uri || `qemu+tcp://${node}/system`,
    hypervisor,
    figures: hostFigures,
    store,
    intervalMs: config.agent.interval_ms,
    log,
  });
  closing.add(() => agent.close());
  return `the agent of node ${node} is ready`;
});
