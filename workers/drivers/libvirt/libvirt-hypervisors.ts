// The libvirts of a cluster's nodes, each connected to when it is first needed.
import { ClassifiedError } from '../../../src/errors/classified-error.js';
import type { Hypervisor, Hypervisors } from '../hypervisor.js';
import { connectLibvirt } from './connect-libvirt.js';

/** `uriOf` tells where a node's libvirt is reached; a node whose address changes is connected to anew. */
export function libvirtHypervisors(uriOf: (node: string) => string | undefined): Hypervisors & { close(): Promise<void> } {
  const connected = new Map<string, { uri: string; hypervisor: Promise<Hypervisor> }>();
  return {
    async on(node) {
      const uri = uriOf(node);
      if (uri === undefined) throw new ClassifiedError('unknown_entity', `node "${node}" does not exist`);
      const known = connected.get(node);
      if (known?.uri === uri) return await known.hypervisor;
      void known?.hypervisor.then(closeIt, () => undefined);
      const entry = { uri, hypervisor: connectLibvirt({ uri }) };
      connected.set(node, entry);
      // A node that did not answer is tried again by the next who needs it.
      entry.hypervisor.catch(() => connected.get(node) === entry && connected.delete(node));
      return await entry.hypervisor;
    },
    async close() {
      await Promise.all([...connected.values()].map(({ hypervisor }) => hypervisor.then(closeIt, () => undefined)));
    },
  };
}

const closeIt = (hypervisor: Hypervisor): Promise<void> => hypervisor.close();
