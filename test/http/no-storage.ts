// A storage of which nothing is known.
import type { StorageReader } from '../../src/cluster/storage-reader.js';

const NOBODY: ReadonlySet<string> = new Set();

export const noStorage: StorageReader = {
  status: () => undefined,
  df: () => undefined,
  osds: () => [],
  osd: () => undefined,
  pools: () => [],
  pool: () => undefined,
  volumes: () => [],
  volume: () => undefined,
  snapshots: () => [],
  snapshot: () => undefined,
  vmsWith: () => NOBODY,
  reportedAtMs: undefined,
};
