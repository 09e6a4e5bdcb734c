// A node that a path names.
import type { Node } from '../../../schemas/resources/node.js';
import type { ClusterReader } from '../../cluster/cluster-reader.js';
import { ClassifiedError } from '../../errors/classified-error.js';

/** Throws unknown_entity, with PVC's text. */
export function findNode(cluster: ClusterReader, name: string): Node {
  const node = cluster.node(name);
  if (node === undefined) throw new ClassifiedError('unknown_entity', 'Node not found.');
  return node;
}
