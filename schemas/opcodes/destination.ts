// Where a VM is to go: the node that is named, or the best one.
import { NodeName, Selector } from '../names.js';

export const Destination = { ...NodeName, description: 'the node that it goes to; without one the best other node is chosen' };

export const DestinationSelector = {
  ...Selector,
  description:
    'by what the node is chosen when none is named: `mem`, `vcpus`, `load` or `vms`, as when a VM is defined; without it as the node was chosen ' +
    "when this VM was defined, or else by the cluster's own selector",
};
