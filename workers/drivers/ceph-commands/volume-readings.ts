// What rbd says of an image, its snapshots and who has it open.
import type { SnapshotFacts, VolumeFacts, VolumeName, Watcher } from '../ceph.js';
import { asRecord, asRecords, flagIn, numberIn, recordsIn, textIn, textsIn } from './ceph-json.js';

/** From `rbd info`. */
export function readVolume({ pool, volume }: VolumeName, info: unknown): VolumeFacts {
  const image = asRecord(info);
  return {
    pool,
    volume,
    id: textIn(image, 'id'),
    sizeBytes: numberIn(image, 'size'),
    objects: numberIn(image, 'objects'),
    order: numberIn(image, 'order'),
    objectSizeBytes: numberIn(image, 'object_size'),
    snapshotCount: numberIn(image, 'snapshot_count'),
    blockNamePrefix: textIn(image, 'block_name_prefix'),
    format: numberIn(image, 'format'),
    features: textsIn(image, 'features'),
    flags: textsIn(image, 'flags'),
    created: textIn(image, 'create_timestamp'),
  };
}

/** From `rbd snap ls`. */
export function readSnapshots({ pool, volume }: VolumeName, list: unknown): SnapshotFacts[] {
  return asRecords(list)
    .map((snapshot) => ({
      pool,
      volume,
      snapshot: textIn(snapshot, 'name'),
      id: numberIn(snapshot, 'id'),
      sizeBytes: numberIn(snapshot, 'size'),
      protected: flagIn(snapshot, 'protected'),
      created: textIn(snapshot, 'timestamp'),
    }))
    .toSorted((one, other) => one.id - other.id);
}

/** From `rbd status`. */
export function readWatchers(status: unknown): Watcher[] {
  return recordsIn(asRecord(status), 'watchers').map((watcher) => ({
    address: textIn(watcher, 'address'),
    client: numberIn(watcher, 'client'),
    cookie: textIn(watcher, 'cookie'),
  }));
}
