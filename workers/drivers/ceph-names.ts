// Names on command lines. What begins with a dash would be taken for an option, and rbd reads `/` and `@` as parts of a longer name.
import { ClassifiedError } from '../../src/errors/classified-error.js';
import type { SnapshotName, VolumeName } from './ceph.js';

const NAME = /^[^-/@\s\p{Cc}][^/@\p{Cc}]*$/u;

/** wrong_input: Ceph could not have a thing of that name, or would misunderstand it. */
export function nameOf(kind: 'pool' | 'volume' | 'snapshot' | 'flag', name: string): string {
  if (NAME.test(name)) return name;
  throw new ClassifiedError('wrong_input', `${JSON.stringify(name)} cannot be the name of a ${kind}`);
}

export const inPool = (pool: string): string[] => [`--pool=${nameOf('pool', pool)}`];
export const ofVolume = ({ pool, volume }: VolumeName): string[] => [...inPool(pool), `--image=${nameOf('volume', volume)}`];
export const ofSnapshot = (name: SnapshotName): string[] => [...ofVolume(name), `--snap=${nameOf('snapshot', name.snapshot)}`];
export const toVolume = ({ pool, volume }: VolumeName): string[] => [
  `--dest-pool=${nameOf('pool', pool)}`,
  `--dest=${nameOf('volume', volume)}`,
];

export const isSnapshot = (name: VolumeName | SnapshotName): name is SnapshotName => 'snapshot' in name;

export const written = (name: VolumeName | SnapshotName): string =>
  `${name.pool}/${name.volume}${isSnapshot(name) ? `@${name.snapshot}` : ''}`;
