// What the cluster keeps of things that Ceph has, made of what Ceph tells of them.
import type { SnapshotDocument, VolumeDocument } from '../../src/cluster/storage-documents.js';
import type { SnapshotFacts, VolumeFacts } from '../drivers/ceph.js';

/** All but its snapshots, and who added it. */
export const volumeRecord = (facts: VolumeFacts): Omit<VolumeDocument, 'snapshots' | 'added_by'> => ({
  pool: facts.pool,
  name: facts.volume,
  id: facts.id,
  size_bytes: facts.sizeBytes,
  objects: facts.objects,
  order: facts.order,
  object_size_bytes: facts.objectSizeBytes,
  block_name_prefix: facts.blockNamePrefix,
  format: facts.format,
  features: facts.features,
  flags: facts.flags,
  created: facts.created,
});

export const snapshotRecord = (facts: SnapshotFacts, addedBy: number): SnapshotDocument => ({
  name: facts.snapshot,
  id: facts.id,
  size_bytes: facts.sizeBytes,
  protected: facts.protected,
  created: facts.created,
  added_by: addedBy,
});
