// Both cluster stores in one shape, for suites that run on both.
import { openMemoryTree } from '../../src/cluster/memory/memory-tree.js';
import type { MemorySession } from '../../src/cluster/memory/memory-session.js';
import type { Store } from '../../src/cluster/store.js';
import { startZooKeeperLab } from './zookeeper-lab.js';

export interface Cluster {
  /** Another session; with `patientMs` one that lives so long without a server. */
  open(patientMs?: number): Promise<Store>;
  /** Cuts this store off; resolves when its session is suspended. */
  suspend(store: Store): Promise<void>;
  /** Ends the session of this store, suspended or not; resolves when the next one is connected. */
  expire(store: Store): Promise<void>;
  close(): Promise<void>;
}

async function openMemoryCluster(roots: string[]): Promise<Cluster> {
  const tree = await openMemoryTree({ roots });
  const sessions = new Map<Store, MemorySession>();
  return {
    async open() {
      const session = tree.openSession();
      sessions.set(session, session);
      return session;
    },
    suspend: async (store) => sessions.get(store)?.suspend(),
    expire: async (store) => sessions.get(store)?.expire(),
    close: tree.close,
  };
}

export const implementations: [name: string, open: (roots: string[]) => Promise<Cluster>][] = [
  ['ZooKeeper', startZooKeeperLab],
  ['memory', openMemoryCluster],
];
