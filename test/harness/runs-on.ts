// Where a guest really runs.
import type { TestCluster } from './cluster.js';
import type { Guest } from './guests.js';

/** The names of the nodes; more than one would be a disaster. */
export const runsOn = ({ world }: Pick<TestCluster, 'world'>, { uuid }: Pick<Guest, 'uuid'>): string[] =>
  Object.entries(world.snapshot()).flatMap(([node, all]) => (all.some((domain) => domain.uuid === uuid && domain.running) ? [node] : []));
