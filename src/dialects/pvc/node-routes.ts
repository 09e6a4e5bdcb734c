// PVC's node endpoints.
import Type from 'typebox';
import { NodeName } from '../../../schemas/names.js';
import { Node } from '../../../schemas/resources/node.js';
import { fromCluster } from '../../http/cluster-answer.js';
import { reading } from '../../http/route.js';
import { NamePattern, nameFilter } from '../../validation/name-pattern.js';
import { findNode } from './find-node.js';
import { sortedByName } from './sorted-by-name.js';

export const listNodes = reading({
  method: 'GET',
  path: '/node',
  access: 'read',
  summary: 'The nodes, sorted by name.',
  values: { limit: Type.Optional(NamePattern) },
  answer: Type.Array(Node),
  read: fromCluster((cluster, { limit }: { limit?: string }) => {
    const passes = nameFilter(limit);
    return sortedByName(cluster.nodes()).filter(({ name }) => passes(name));
  }),
});

export const readNode = reading({
  method: 'GET',
  path: '/node/:node',
  access: 'read',
  summary: 'A node.',
  values: { node: NodeName },
  answer: Node,
  read: fromCluster((cluster, { node }: { node: string }) => findNode(cluster, node)),
});
