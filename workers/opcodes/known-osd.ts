// An OSD as the cluster's state and Ceph know it.
import type { OsdDocument } from '../../src/cluster/storage-documents.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import type { OsdSighting } from '../drivers/ceph.js';
import type { World } from '../engine/world.js';

export interface KnownOsd {
  document: OsdDocument;
  /** Undefined: Ceph does not know it any more. */
  sighting: OsdSighting | undefined;
}

const REMEDY = 'OP_STORAGE_VERIFY shows and settles this';

/** Throws unknown_entity, also when only Ceph knows it; wrong_state when Ceph has an OSD of that ID that is none of the cluster's. */
export async function findOsd(world: World, id: number): Promise<KnownOsd> {
  const [document, osds] = await Promise.all([world.storage.osds.find(String(id)), world.ceph().osds()]);
  const sighting = osds.find((osd) => osd.id === id);
  if (document === undefined && sighting === undefined) throw new ClassifiedError('unknown_entity', `OSD ${id} does not exist`);
  if (document === undefined) {
    throw new ClassifiedError('unknown_entity', `OSD ${id} is in Ceph, but not known to the cluster; ${REMEDY}`);
  }
  if (sighting !== undefined && sighting.fsid !== document.fsid) {
    const text = `OSD ${id} of Ceph (${sighting.fsid}) is another one than the cluster knows (${document.fsid}); ${REMEDY}`;
    throw new ClassifiedError('wrong_state', text);
  }
  return { document, sighting };
}

/** One that Ceph has too. Throws as findOsd, and unknown_entity when only the cluster knows it. */
export async function presentOsd(world: World, id: number): Promise<OsdSighting> {
  const { sighting } = await findOsd(world, id);
  if (sighting !== undefined) return sighting;
  throw new ClassifiedError('unknown_entity', `OSD ${id} is known to the cluster, but not in Ceph; ${REMEDY}`);
}
