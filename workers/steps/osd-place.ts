// Steps that say whether an OSD has a part of the data, and wait until it has none.
import { ClassifiedError } from '../../src/errors/classified-error.js';
import type { OsdDrain } from '../drivers/ceph.js';
import { pollUntil } from '../engine/interruption.js';
import { step, type Step, type StepContext } from '../engine/opcode.js';

/** Each look is several commands of Ceph. */
const LOOK_MS = 5000;
const FOR_EVER_MS = Infinity;

/** One that Ceph does not know any more is nowhere to be put. */
async function whenKnown({ world }: StepContext, id: number, act: () => Promise<void>): Promise<void> {
  if ((await world.ceph().osds()).some((osd) => osd.id === id)) await act();
}

export const setOsdIn = (id: number): Step =>
  step('set-osd-in', `set OSD ${id} in`, {
    run: async ({ world }) => await world.ceph().osdIn(id),
    undo: async (context) => await whenKnown(context, id, async () => await context.world.ceph().osdOut(id)),
  });

export const setOsdOut = (id: number): Step =>
  step('set-osd-out', `set OSD ${id} out`, {
    run: async ({ world }) => await world.ceph().osdOut(id),
    undo: async (context) => await whenKnown(context, id, async () => await context.world.ceph().osdIn(id)),
  });

/** It takes as long as it takes. `pgsBefore`: what the OSD held when it was set out. */
export const drainOsd = (id: number, pgsBefore: number): Step =>
  step('drain-osd', `wait until the data of OSD ${id} is elsewhere`, {
    run: async (context) => {
      const { world, log, progress, signal } = context;
      // What its commands say each time would fill the job's log.
      const ceph = world.ceph({ onStderr: () => undefined });
      let most = Math.max(1, pgsBefore);
      let isAway = false;
      /** A Ceph that is away for a while is no reason to move hours of data back. */
      const lookPatiently = async (): Promise<OsdDrain | undefined> => {
        try {
          const drain = await ceph.osdDrain(id);
          isAway = false;
          return drain;
        } catch (error) {
          signal.throwIfAborted();
          if (!(error instanceof ClassifiedError && error.errorClass === 'environment_error')) throw error;
          if (!isAway) log(`${error.message}; waits until Ceph answers`);
          isAway = true;
          return undefined;
        }
      };
      const isDrained = async () => {
        const drain = await lookPatiently();
        if (drain === undefined) return false;
        most = Math.max(most, drain.pgs);
        progress(1 - drain.pgs / most, { pgs_remaining: drain.pgs });
        return drain.safeToDestroy;
      };
      await pollUntil(isDrained, LOOK_MS, FOR_EVER_MS, signal);
    },
  });
