// A ZooKeeper server for one test file, and sessions with it, each through a network of its own that can be disturbed.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import type { Store } from '../../src/cluster/store.js';
import { openZooKeeperStore } from '../../src/cluster/zookeeper/zookeeper-store.js';
import { startZooKeeper } from '../lab/zookeeper.js';
import type { ZooKeeperHandle } from '../lab/zookeeper.js';
import { startTcpProxy } from './tcp-proxy.js';
import type { TcpProxy } from './tcp-proxy.js';

export const sessionTimeoutMs = 4000;

export interface ZooKeeperLab {
  readonly server: ZooKeeperHandle;
  /** With `patientMs`: a session that lives so long without a server. */
  open(patientMs?: number): Promise<Store>;
  /** The network between this session and the server. */
  networkOf(store: Store): TcpProxy;
  /** Cuts the session off until it says that it is. */
  suspend(store: Store): Promise<void>;
  /** Cuts the session off until it has expired, and lets it come back. */
  expire(store: Store): Promise<void>;
  close(): Promise<void>;
}

export async function startZooKeeperLab(roots: string[]): Promise<ZooKeeperLab> {
  const dir = await mkdtemp(join(tmpdir(), 'rapid-zookeeper-'));
  const server = await startZooKeeper({ dir });
  const networks = new Map<Store, TcpProxy>();

  function networkOf(store: Store): TcpProxy {
    const network = networks.get(store);
    if (!network) throw new Error('a session of another lab');
    return network;
  }

  return {
    server,
    networkOf,
    async open(patientMs = sessionTimeoutMs) {
      const network = await startTcpProxy(server.connect);
      const store = await openZooKeeperStore({ connect: network.address, root: '/rapid/test', sessionTimeoutMs: patientMs, roots });
      networks.set(store, network);
      return store;
    },
    async suspend(store) {
      networkOf(store).freeze();
      await vi.waitUntil(() => store.session === 'suspended', { timeout: 2 * sessionTimeoutMs });
    },
    async expire(store) {
      networkOf(store).freeze();
      await vi.waitUntil(() => store.session === 'expired', { timeout: 2 * sessionTimeoutMs });
      networkOf(store).thaw();
      await store.connected();
    },
    async close() {
      for (const network of networks.values()) network.close();
      await server.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
