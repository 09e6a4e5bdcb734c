// The cluster store in memory, for one process: the embedded default and the tests. With a directory it outlives the process.
import { openMemoryTree } from './memory-tree.js';
import type { MemoryTree } from './memory-tree.js';
import type { Faults, MemorySession } from './memory-session.js';

interface MemoryStoreOptions {
  /** Where nodes that live for good are kept: each commit is safe on disk before it resolves. */
  directory?: string;
  /** Collections that are made if missing. */
  roots?: readonly string[];
  faults?: Faults;
}

/** A session that owns its tree: closing it closes the tree. Other sessions of the process come from `tree.openSession()`. */
export interface MemoryStore extends MemorySession {
  readonly tree: MemoryTree;
}

export async function openMemoryStore({ directory, roots, faults }: MemoryStoreOptions = {}): Promise<MemoryStore> {
  const tree = await openMemoryTree({ directory, roots });
  const session = tree.openSession(faults);
  const closeSession = session.close;
  return Object.assign(session, {
    tree,
    async close() {
      await closeSession();
      await tree.close();
    },
  });
}
