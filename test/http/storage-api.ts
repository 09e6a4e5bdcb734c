// A real server with the routes of the storage, over a cluster in the test's memory.
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { loadConfig } from '../../src/config/load-config.js';
import { mirrorCluster } from '../../src/cluster/cluster-mirror.js';
import type { ClusterReader } from '../../src/cluster/cluster-reader.js';
import { openMemoryTree } from '../../src/cluster/memory/memory-tree.js';
import { ROOTS } from '../../src/cluster/open-store.js';
import { storageDocuments, type StorageDocuments } from '../../src/cluster/storage-documents.js';
import type { Store } from '../../src/cluster/store.js';
import { STORAGE_TABLES } from '../../src/dialects/pvc/storage-table.js';
import { createApp } from '../../src/http/app.js';
import { requestSignals } from '../../src/http/request-signals.js';
import { callerOf } from './api-under-test.js';
import { MemoryJobDesk } from './memory-job-desk.js';

export interface StorageApi {
  jobs: MemoryJobDesk;
  store: Store;
  documents: StorageDocuments;
  cluster: ClusterReader;
  call: ReturnType<typeof callerOf>;
  close(): Promise<void>;
}

export async function startStorageApi(): Promise<StorageApi> {
  const tree = await openMemoryTree({ roots: ROOTS });
  const store = tree.openSession();
  const cluster = await mirrorCluster(store, (error) => {
    throw error;
  });
  const jobs = new MemoryJobDesk();
  const services = { jobs, cluster, config: loadConfig({ RAPID_LISTEN: '127.0.0.1:0' }), log: pino({ level: 'silent' }) };
  const signals = requestSignals();
  const handle = createApp(STORAGE_TABLES, services, signals).callback();
  const server = createServer((request, response) => void handle(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    jobs,
    store,
    documents: storageDocuments(store),
    cluster,
    call: callerOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    async close() {
      signals.abortAll();
      server.closeAllConnections();
      server.close();
      cluster.close();
      await store.close();
      await tree.close();
    },
  };
}
