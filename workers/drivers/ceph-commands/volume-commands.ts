// Volumes, through the rbd command.
import { ClassifiedError } from '../../../src/errors/classified-error.js';
import type { Ceph, SnapshotName, VolumeFacts, VolumeName } from '../ceph.js';
import type { CephClient } from './ceph-client.js';
import { cephError, Errno } from './ceph-errno.js';
import { parseCephJson } from './ceph-json.js';
import { inPool, isSnapshot, ofSnapshot, ofVolume, toVolume, written } from '../ceph-names.js';
import { untilUnwatched } from './until-unwatched.js';
import { readVolume, readWatchers } from './volume-readings.js';

type VolumeMethods = Pick<
  Ceph,
  'volumes' | 'volume' | 'createVolume' | 'resizeVolume' | 'renameVolume' | 'copyVolume' | 'removeVolume' | 'watchers'
>;

/** Under this name a copy stands until it is complete. */
const DRAFT = 'rapid-copy.';
const draftOf = ({ pool, volume }: VolumeName): VolumeName => ({ pool, volume: `${DRAFT}${volume}` });

export function volumeCommands(client: CephClient, signal?: AbortSignal): VolumeMethods {
  async function volumeNames(pool: string): Promise<string[]> {
    const meanings = { [Errno.noEntity]: ['unknown_entity', `pool "${pool}" does not exist`] } as const;
    return (await client.rbdJson(['ls', ...inPool(pool)], { what: `list the volumes of pool ${pool}`, meanings })) as string[];
  }

  async function refuseUnknownPool(pool: string): Promise<void> {
    const meanings = { [Errno.noEntity]: ['unknown_entity', `pool "${pool}" does not exist`] } as const;
    await client.rbdJson(['namespace', 'ls', ...inPool(pool)], { what: `look at pool ${pool}`, meanings });
  }

  async function volume(name: VolumeName): Promise<VolumeFacts | undefined> {
    const { exitCode, stdout, stderr } = await client.tryRbd(['info', ...ofVolume(name), '--format', 'json']);
    const what = `look at volume ${written(name)}`;
    if (exitCode === 0) return readVolume(name, parseCephJson(stdout, what));
    if (exitCode !== Errno.noEntity) throw cephError({ what, exitCode, stderr });
    await refuseUnknownPool(name.pool);
    return undefined;
  }

  const exists = (name: VolumeName) => new ClassifiedError('already_exists', `volume "${written(name)}" exists already`);
  const unknown = (name: VolumeName) => ['unknown_entity', `volume "${written(name)}" does not exist`] as const;

  async function watchers(name: VolumeName) {
    const meanings = { [Errno.noEntity]: unknown(name) };
    return readWatchers(
      await client.rbdJson(['status', ...ofVolume(name)], { what: `look who has volume ${written(name)} open`, meanings }),
    );
  }

  async function remove(name: VolumeName): Promise<void> {
    const meanings = {
      [Errno.busy]: ['wrong_state', `volume "${written(name)}" is in use`],
      [Errno.notEmpty]: ['wrong_state', `volume "${written(name)}" has snapshots`],
    } as const;
    const { exitCode, stderr } = await client.changing.tryRbdLong(['rm', ...ofVolume(name)]);
    if (exitCode !== 0 && exitCode !== Errno.noEntity)
      throw cephError({ what: `remove volume ${written(name)}`, exitCode, stderr, meanings });
  }

  /** A process that was killed is believed to have its copy open for half a minute more. */
  async function removeDraft(name: VolumeName): Promise<void> {
    const draft = draftOf(name);
    const watched = async () => (await client.tryRbd(['info', ...ofVolume(draft)])).exitCode === 0 && (await watchers(draft)).length > 0;
    await untilUnwatched(watched, signal);
    await remove(draft);
  }

  async function create(name: VolumeName, sizeBytes: number): Promise<boolean> {
    const { exitCode, stderr } = await client.changing.tryRbd(['create', ...ofVolume(name), `--size=${sizeBytes}B`]);
    if (exitCode === 0) return true;
    const meanings = { [Errno.noEntity]: ['unknown_entity', `pool "${name.pool}" does not exist`] } as const;
    if (exitCode !== Errno.exists) throw cephError({ what: `create volume ${written(name)}`, exitCode, stderr, meanings });
    return false;
  }

  return {
    volumes: async (pool) =>
      (await volumeNames(pool))
        .filter((name) => !name.startsWith(DRAFT))
        .toSorted()
        .map((name) => ({ pool, volume: name })),
    volume,
    async createVolume(name, sizeBytes) {
      if (await create(name, sizeBytes)) return;
      if ((await volume(name)) !== undefined) throw exists(name);
      // The name is taken, and yet there is no image: somebody was killed while creating it.
      await remove(name);
      if (!(await create(name, sizeBytes))) throw exists(name);
    },
    async resizeVolume(name, sizeBytes, { allowShrink = false } = {}) {
      const [errorClass, text] = unknown(name);
      const before = await volume(name);
      if (before === undefined) throw new ClassifiedError(errorClass, text);
      // rbd itself takes no size that is no change.
      if (before.sizeBytes === sizeBytes) return;
      const meanings = {
        [Errno.noEntity]: unknown(name),
        [Errno.invalid]: ['wrong_input', `volume "${written(name)}" cannot be made ${sizeBytes} bytes large`],
      } as const;
      const shrink = allowShrink ? ['--allow-shrink'] : [];
      const words = ['resize', ...ofVolume(name), `--size=${sizeBytes}B`, ...shrink];
      await client.changing.rbdLong(words, { what: `resize volume ${written(name)}`, meanings });
    },
    async renameVolume(name, newName) {
      const target = { pool: name.pool, volume: newName };
      const { exitCode, stderr } = await client.changing.tryRbd(['rename', ...ofVolume(name), ...toVolume(target)]);
      if (exitCode === 0 || (exitCode === Errno.noEntity && (await volume(target)) !== undefined)) return;
      const [errorClass, text] = unknown(name);
      if (exitCode === Errno.noEntity) throw new ClassifiedError(errorClass, text);
      if (exitCode === Errno.exists) throw exists(target);
      throw cephError({ what: `rename volume ${written(name)}`, exitCode, stderr });
    },
    async copyVolume(source, target) {
      if ((await volume(target)) !== undefined) throw exists(target);
      await removeDraft(target);
      const meanings = { [Errno.noEntity]: ['unknown_entity', `"${written(source)}" does not exist`] } as const;
      const from: VolumeName | SnapshotName = source;
      const words = ['copy', ...(isSnapshot(from) ? ofSnapshot(from) : ofVolume(from)), ...toVolume(draftOf(target))];
      await client.changing.rbdLong(words, { what: `copy ${written(source)}`, meanings });
      const final = ['rename', ...ofVolume(draftOf(target)), ...toVolume(target)];
      await client.changing.rbd(final, { what: `give the copy its name ${written(target)}` });
    },
    async removeVolume(name) {
      await refuseUnknownPool(name.pool);
      await remove(name);
      await removeDraft(name);
    },
    watchers,
  };
}
