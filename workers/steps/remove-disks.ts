// Steps that remove the volumes of a VM, one after the other.
import { volumeSpec } from '../../src/cluster/storage-documents.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import type { Step } from '../engine/opcode.js';
import { removeVolume, type Removal } from './remove-volume.js';

/** A failure tells which are left. */
export const removeDisks = (volumes: readonly Removal[]): Step[] =>
  volumes.map((volume, index) => {
    const remove = removeVolume(volume);
    return {
      ...remove,
      run: async (context) => {
        try {
          return await remove.run(context);
        } catch (error) {
          context.signal.throwIfAborted();
          if (!(error instanceof ClassifiedError)) throw error;
          const left = volumes.slice(index).map(({ pool, volume: name }) => `"${volumeSpec(pool, name)}"`);
          throw new ClassifiedError(error.errorClass, `${error.message}; of the disks are left: ${left.join(', ')}`, {
            cause: error.cause,
          });
        }
      },
    };
  });
