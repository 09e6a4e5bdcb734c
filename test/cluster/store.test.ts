// The store contract, run against ZooKeeper, against memory, and against memory that is kept on disk.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openMemoryTree } from '../../src/cluster/memory/memory-tree.js';
import { storeContract } from '../contract/store.js';
import { startZooKeeperLab } from './zookeeper-lab.js';

const roots = ['/a', '/b'];

storeContract('ZooKeeper', () => startZooKeeperLab(roots));

storeContract('memory', async () => {
  const tree = await openMemoryTree({ roots });
  return { open: async () => tree.openSession(), close: tree.close };
});

storeContract('memory on disk', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'rapid-memory-'));
  const tree = await openMemoryTree({ roots, directory });
  return {
    open: async () => tree.openSession(),
    async close() {
      await tree.close();
      await rm(directory, { recursive: true });
    },
  };
});
