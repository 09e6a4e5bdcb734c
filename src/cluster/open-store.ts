// The cluster's store as the settings say it.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../../schemas/config.js';
import { ClassifiedError } from '../errors/classified-error.js';
import { CLAIMS } from './claims.js';
import { locksPath } from './lock-order.js';
import { openMemoryStore } from './memory/memory-store.js';
import { NODE_REPORTS, NODES } from './node-documents.js';
import { PRIMARY_WISH } from './primary-election.js';
import { OSDS, POOLS, VOLUMES } from './storage-documents.js';
import { STORAGE_REPORTS } from './storage-reports.js';
import { STORAGE_MARKS, STORAGE_USERS } from './storage-users.js';
import type { Store } from './store.js';
import { VM_NAMES, VMS } from './vm-documents.js';
import { WORKERS } from './worker-announcements.js';
import { openZooKeeperStore } from './zookeeper/zookeeper-store.js';

/** Everything that is kept directly under the root. */
export const ROOTS = [
  VMS,
  VM_NAMES,
  NODES,
  CLAIMS,
  NODE_REPORTS,
  PRIMARY_WISH,
  OSDS,
  POOLS,
  VOLUMES,
  STORAGE_USERS,
  STORAGE_MARKS,
  STORAGE_REPORTS,
  WORKERS,
  locksPath,
];

/** Undefined: no user is set. Throws wrong_input for a user without a password, or whose file cannot be read. */
async function userIn({ zookeeper_user: name, zookeeper_password, zookeeper_password_file: file }: Config['cluster']) {
  if (name === '') return undefined;
  const read = () =>
    readFile(file, 'utf8').catch((cause: unknown) => {
      throw new ClassifiedError('wrong_input', `cluster.zookeeper_password_file: ${file} can't be read`, { cause });
    });
  const password = file === '' ? zookeeper_password : (await read()).trimEnd();
  if (password === '') throw new ClassifiedError('wrong_input', 'cluster.zookeeper_user has no password');
  return { name, password };
}

/** Opens it; ZooKeeper is waited for until `signal` aborts. A store in memory is kept in the state folder, for one process at a time. */
export async function openStore({ cluster, state_dir }: Pick<Config, 'cluster' | 'state_dir'>, signal?: AbortSignal): Promise<Store> {
  if (cluster.store === 'memory') return await openMemoryStore({ directory: join(state_dir, 'cluster'), roots: ROOTS });
  return await openZooKeeperStore({
    connect: cluster.zookeeper,
    user: await userIn(cluster),
    root: cluster.root,
    sessionTimeoutMs: cluster.session_timeout_ms,
    roots: ROOTS,
    ...(signal === undefined ? {} : { signal }),
  });
}
