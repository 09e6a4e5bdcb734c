// PVC's REST API, under its own paths.
import Type from 'typebox';
import { Lock } from '../../../schemas/resources/lock.js';
import { fromCluster } from '../../http/cluster-answer.js';
import { reading, type RouteTable } from '../../http/route.js';
import { sortedByName } from './sorted-by-name.js';
import { listNodes, readNode } from './node-routes.js';
import { nodeStateRoutes } from './node-state-routes.js';
import { migrateVm, moveVm, readVmNode, setVmNode, unmigrateVm } from './vm-node-routes.js';
import { defineVm, listVms, modifyVm, readVm, readVmState, setVmState, undefineVm } from './vm-routes.js';

const root = reading({
  method: 'GET',
  path: '/',
  access: 'read',
  summary: 'Whether the API answers, and its version.',
  values: {},
  answer: Type.Object({ message: Type.String() }),
  read: () => ({ body: { message: 'rapid API version 1' } }),
});

const listLocks = reading({
  method: 'GET',
  path: '/locks',
  access: 'read',
  summary: 'The locks that jobs hold and wait for.',
  values: {},
  answer: Type.Array(Lock),
  read: fromCluster(async (cluster) => sortedByName(await cluster.locks())),
});

export const pvcTable: RouteTable = {
  name: 'PVC',
  prefixes: ['/api/v1'],
  routes: [
    root,
    listNodes,
    readNode,
    ...nodeStateRoutes,
    listVms,
    defineVm,
    readVm,
    modifyVm,
    undefineVm,
    readVmState,
    setVmState,
    readVmNode,
    setVmNode,
    migrateVm,
    moveVm,
    unmigrateVm,
    listLocks,
  ],
};
