// The running domains of a node that the cluster does not know, or has placed on another node. They are shown and logged, and left alone.
import type { Logger } from 'pino';
import type { NodeReport } from '../../src/cluster/node-documents.js';
import { isUp, type DomainSighting } from '../drivers/hypervisor.js';
import type { KnownDocuments } from './known-documents.js';

export type FindUnknown = (sightings: readonly DomainSighting[]) => Promise<NodeReport['unknown_domains']>;

/** Each is logged once, when it appears. */
export function unknownDomains(node: string, documents: KnownDocuments, log: Logger): FindUnknown {
  let logged = new Set<string>();
  return async (sightings) => {
    const placed = await Promise.all(
      sightings.filter(isUp).map(async ({ uuid, name }) => ({ uuid, name, document: await documents(uuid) })),
    );
    // A guest that is on its way to this node is where it shall be.
    const unknown = placed.filter(({ document }) => document?.node !== node && document?.target_node !== node);
    for (const { uuid, name, document } of unknown) {
      if (logged.has(uuid)) continue;
      const what =
        document === undefined ? 'a domain runs that the cluster does not know' : 'a domain runs that the cluster has on another node';
      log.warn({ node, uuid, name, placed: document?.node }, what);
    }
    logged = new Set(unknown.map(({ uuid }) => uuid));
    return unknown.map(({ uuid, name }) => ({ uuid, name }));
  };
}
