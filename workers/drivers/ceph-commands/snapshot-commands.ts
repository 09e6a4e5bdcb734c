// Snapshots of volumes, through the rbd command.
import { ClassifiedError } from '../../../src/errors/classified-error.js';
import type { Ceph, SnapshotFacts, SnapshotName, VolumeName } from '../ceph.js';
import type { CephClient } from './ceph-client.js';
import { cephError, Errno } from './ceph-errno.js';
import { ofSnapshot, ofVolume, toVolume, nameOf, written } from '../ceph-names.js';
import { readSnapshots, readWatchers } from './volume-readings.js';

type SnapshotMethods = Pick<Ceph, 'snapshots' | 'createSnapshot' | 'renameSnapshot' | 'removeSnapshot' | 'rollbackVolume'>;

export function snapshotCommands(client: CephClient): SnapshotMethods {
  const noVolume = (name: VolumeName) =>
    ({ [Errno.noEntity]: ['unknown_entity', `volume "${name.pool}/${name.volume}" does not exist`] }) as const;
  const unknown = (name: SnapshotName) => new ClassifiedError('unknown_entity', `snapshot "${written(name)}" does not exist`);
  const exists = (name: SnapshotName) => ['already_exists', `snapshot "${written(name)}" exists already`] as const;

  async function snapshots(name: VolumeName): Promise<SnapshotFacts[]> {
    const what = `list the snapshots of volume ${name.pool}/${name.volume}`;
    return readSnapshots(name, await client.rbdJson(['snap', 'ls', ...ofVolume(name)], { what, meanings: noVolume(name) }));
  }

  return {
    snapshots,
    createSnapshot: (name) =>
      client.changing.rbd(['snap', 'create', ...ofSnapshot(name)], {
        what: `create snapshot ${written(name)}`,
        meanings: { ...noVolume(name), [Errno.exists]: exists(name) },
      }),
    async renameSnapshot(name, newName) {
      const target = { ...name, snapshot: newName };
      const words = ['snap', 'rename', ...ofSnapshot(name), ...toVolume(name), `--dest-snap=${nameOf('snapshot', newName)}`];
      const { exitCode, stderr } = await client.changing.tryRbd(words);
      if (exitCode === 0) return;
      if (exitCode === Errno.noEntity) {
        if ((await snapshots(name)).some(({ snapshot }) => snapshot === newName)) return;
        throw unknown(name);
      }
      throw cephError({ what: `rename snapshot ${written(name)}`, exitCode, stderr, meanings: { [Errno.exists]: exists(target) } });
    },
    async removeSnapshot(name) {
      const { exitCode, stderr } = await client.changing.tryRbdLong(['snap', 'rm', ...ofSnapshot(name)]);
      if (exitCode === 0 || exitCode === Errno.noEntity) return;
      const meanings = { [Errno.busy]: ['wrong_state', `snapshot "${written(name)}" is protected, or a clone depends on it`] } as const;
      throw cephError({ what: `remove snapshot ${written(name)}`, exitCode, stderr, meanings });
    },
    async rollbackVolume(name) {
      const what = `roll back to snapshot ${written(name)}`;
      const watchers = readWatchers(await client.rbdJson(['status', ...ofVolume(name)], { what, meanings: noVolume(name) }));
      // Ceph would ask the client for its lock, and change the volume under it.
      if (watchers.length > 0) throw new ClassifiedError('wrong_state', `volume "${name.pool}/${name.volume}" is in use`);
      const { exitCode, stderr } = await client.changing.tryRbdLong(['snap', 'rollback', ...ofSnapshot(name)]);
      if (exitCode === Errno.noEntity) throw unknown(name);
      if (exitCode !== 0) throw cephError({ what, exitCode, stderr });
    },
  };
}
