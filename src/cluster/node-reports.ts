// What the agents last told of their nodes, read fresh from the store: for decisions that a mirror, a moment behind, is not good enough for.
import { NODE_REPORTS, type NodeReport } from './node-documents.js';
import type { Store } from './store.js';

export interface NodeReports {
  /** Undefined: the node's agent does not live, or there is no such node. */
  find(node: string): Promise<NodeReport | undefined>;
  /** Those of all nodes whose agent lives, by node. */
  all(): Promise<Map<string, NodeReport>>;
}

export function nodeReports(store: Store): NodeReports {
  const find = async (node: string) => {
    const present = await store.get(`${NODE_REPORTS}/${node}`);
    return present && (JSON.parse(present.data) as NodeReport);
  };
  return {
    find,
    async all() {
      const names = await store.children(NODE_REPORTS);
      const reports = await Promise.all(names.map(async (name) => [name, await find(name)] as const));
      return new Map(reports.flatMap(([name, report]) => (report === undefined ? [] : [[name, report]])));
    },
  };
}
