// PVC's storage under the paths of both its manuals: the REST one, and the flat verbs of the older one.
import type { RouteTable } from '../../http/route.js';
import { addOsd, moveOsd, OSD_READS, removeOsd, setOsdState } from './storage-osd-routes.js';
import { addPool, POOL_READS, removePool } from './storage-pool-routes.js';
import { addSnapshot, removeSnapshot, renameSnapshot, rollBack, SNAPSHOT_READS } from './storage-snapshot-routes.js';
import { changeFlag, setFlag, STATUS_READS, unsetFlag, verifyStorage } from './storage-status-routes.js';
import { addVolume, changeVolume, cloneVolume, removeVolume, VOLUME_READS } from './storage-volume-routes.js';
import { createVm } from './vm-create-route.js';

const REST = '/api/v1/storage/ceph';
const FLAT = '/api/v1/ceph';
const SNAPSHOT = '/volume/snapshot/:pool/:volume/:snapshot';

const inBoth: RouteTable = {
  name: 'PVC storage',
  prefixes: [REST, FLAT],
  // A snapshot's paths come first: `snapshot` could be a pool.
  routes: [...STATUS_READS, ...OSD_READS, ...POOL_READS, ...SNAPSHOT_READS, ...VOLUME_READS, rollBack],
};

const rest: RouteTable = {
  name: 'PVC storage',
  prefixes: [REST],
  routes: [
    changeFlag,
    verifyStorage,
    addOsd('/osd'),
    removeOsd('DELETE', '/osd/:osd'),
    setOsdState,
    addPool('/pool'),
    removePool('DELETE', '/pool/:pool'),
    addSnapshot('/volume/snapshot'),
    renameSnapshot,
    removeSnapshot('DELETE', SNAPSHOT),
    addVolume('/volume'),
    changeVolume,
    removeVolume('DELETE', '/volume/:pool/:volume'),
    cloneVolume,
  ],
};

const flat: RouteTable = {
  name: 'PVC storage, flat',
  prefixes: [FLAT],
  routes: [
    setFlag('/osd/set'),
    unsetFlag('/osd/unset'),
    addOsd('/osd/:node/add'),
    removeOsd('POST', '/osd/:osd/remove'),
    moveOsd('in', '/osd/:osd/in'),
    moveOsd('out', '/osd/:osd/out'),
    addPool('/pool/:pool/add'),
    removePool('POST', '/pool/:pool/remove'),
    addSnapshot(`${SNAPSHOT}/add`),
    removeSnapshot('POST', `${SNAPSHOT}/remove`),
    addVolume('/volume/:pool/:volume/add'),
    removeVolume('POST', '/volume/:pool/:volume/remove'),
  ],
};

const creation: RouteTable = { name: 'PVC', prefixes: ['/api/v1'], routes: [createVm] };

export const STORAGE_TABLES: RouteTable[] = [inBoth, rest, flat, creation];
