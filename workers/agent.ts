// The agent as a process of its own: one on each hypervisor node.
import { hostname } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../src/cluster/open-store.js';
import { loadConfig } from '../src/config/load-config.js';
import { keysOf } from '../src/jobs/keys.js';
import { connectPatiently } from '../src/jobs/redis.js';
import { runProcess } from '../src/process/closing.js';
import { openLog } from '../src/process/log.js';
import { assertSharedQueue, assertSharedStore } from '../src/process/required-settings.js';
import { startAgent } from './agent/agent.js';
import { hostFigures } from './agent/host-figures.js';
import { serveNode } from './agent/serve-calls.js';
import { takeNode } from './agent/tenure.js';
import { reachCeph } from './composition/reach-ceph.js';
import { watcherDesk } from './composition/watcher-desk.js';
import { osdHostSettings } from './drivers/ceph-commands/ceph-settings.js';
import { commandOsdHost } from './drivers/ceph-commands/command-osd-host.js';
import { guestSecret } from './drivers/ceph-commands/guest-access.js';
import { connectLibvirt } from './drivers/libvirt/connect-libvirt.js';
import { redisUrlOf } from '../src/jobs/redis-address.js';

/** Calls to libvirt at a time: those of all workers, and the agent's own looks. */
const LIBVIRT_CALLS = 8;
/** The session of an agent that was killed ends within two of its time-outs, as ZooKeeper counts. */
const HOLDER_SESSIONS = 2;

await runProcess(async (closing, signal) => {
  const config = loadConfig();
  assertSharedStore(config);
  assertSharedQueue(config);
  const log = openLog(config);
  const node = config.agent.node || (hostname().split('.')[0] as string);
  const store = await openStore(config, signal);
  closing.add(() => store.close());
  const tenure = await takeNode({ node, store, waitMs: HOLDER_SESSIONS * config.cluster.session_timeout_ms, log });
  closing.add(() => tenure.close());
  const hypervisor = await connectLibvirt({
    uri: config.agent.libvirt_uri,
    connections: LIBVIRT_CALLS,
    directory: join(config.state_dir, 'agent', node),
  });
  closing.add(() => hypervisor.close());
  const agent = await startAgent({
    node,
    uri: config.agent.remote_uri || `qemu+tcp://${node}/system`,
    hypervisor,
    guestSecret: () => guestSecret(config.ceph),
    ceph: reachCeph(config),
    figures: hostFigures,
    store,
    tenure,
    coordinator: config.agent.coordinator,
    openDesk: watcherDesk(config, redisUrlOf(config.redis)),
    intervalMs: config.agent.interval_ms,
    log,
  });
  closing.add(() => agent.close());
  const redis = connectPatiently(redisUrlOf(config.redis));
  closing.add(() => redis.disconnect());
  const osds = osdHostSettings(config.ceph);
  const service = serveNode({
    node,
    hypervisor,
    osdHost: async (context) => commandOsdHost(osds, context),
    tenure,
    redis,
    keys: keysOf(config.redis.prefix),
    log,
  });
  closing.add(() => service.close());
  return `the agent of node ${node} is ready`;
});
