// The step that tells running guests that a volume of theirs has grown.
import { volumeSpec } from '../../src/cluster/storage-documents.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import type { VolumeName } from '../drivers/ceph.js';
import { step, type Step, type StepContext } from '../engine/opcode.js';

/** A running guest, and as what it has the volume. */
export interface GuestDisk {
  uuid: string;
  name: string;
  node: string;
  /** `vda`. */
  dev: string;
}

async function tell({ world, log, signal }: StepContext, { uuid, name, node, dev }: GuestDisk, sizeBytes: number): Promise<void> {
  try {
    const hypervisor = await world.hypervisors.on(node);
    signal.throwIfAborted();
    await hypervisor.resizeDisk(uuid, dev, sizeBytes);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ClassifiedError)) throw error;
    log(`the guest of VM "${name}" was not told that its disk ${dev} has grown; it sees it at its next start: ${error.message}`);
  }
}

/** The last step: the volume is larger, whether they can be told or not, and must not shrink under a guest that knows. */
export const growDisks = (volume: VolumeName, guests: readonly GuestDisk[], sizeBytes: number): Step =>
  step('grow-disks', `tell ${guests.map(({ name }) => name).join(', ')} how large ${volumeSpec(volume.pool, volume.volume)} is`, {
    irrevocable: 'the guest uses what was added',
    run: async (context) => {
      // QEMU makes the volume as large as it is told: a guest must not be told what is not so any more.
      const facts = await context.world.ceph().volume(volume);
      if (facts?.sizeBytes === sizeBytes) for (const guest of guests) await tell(context, guest, sizeBytes);
      else context.log(`no guest was told: volume "${volumeSpec(volume.pool, volume.volume)}" has another size by now`);
    },
  });
