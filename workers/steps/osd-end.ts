// Steps that take an OSD apart once its data is elsewhere. From the first of them on there is no way back for who cancels.
import type { OsdDocument } from '../../src/cluster/storage-documents.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { step, stepKey, type Step, type StepContext } from '../engine/opcode.js';

const irrevocable = 'the OSD is being taken apart';

async function isKnown({ world }: StepContext, { fsid }: OsdDocument): Promise<boolean> {
  return (await world.ceph().osds()).some((osd) => osd.fsid === fsid);
}

/** `onlyWhenSafe`: looks once more, for since the data had gone somebody may have brought some back. */
export const stopOsd = (osd: OsdDocument, { onlyWhenSafe, wasUp }: { onlyWhenSafe: boolean; wasUp: boolean }): Step =>
  step('stop-osd', `stop OSD ${osd.id} on ${osd.node}`, {
    irrevocable,
    run: async (context) => {
      const { world } = context;
      const host = await world.osdHosts.on(osd.node);
      if (onlyWhenSafe && (await host.isOsdRunning(osd.id)) && (await isKnown(context, osd))) {
        const { pgs, safeToDestroy } = await world.ceph().osdDrain(osd.id);
        if (!safeToDestroy) throw new ClassifiedError('wrong_state', `OSD ${osd.id} holds data again (${pgs} placement groups)`);
      }
      await host.stopOsd(osd.id);
    },
    undo: async (context) => {
      if (wasUp && (await isKnown(context, osd))) await (await context.world.osdHosts.on(osd.node)).startOsd(osd.id);
    },
  });

export const purgeOsd = (osd: OsdDocument): Step =>
  step('purge-osd', `make Ceph forget OSD ${osd.id}`, {
    irrevocable,
    run: async (context) => {
      // Its ID may be another's by now.
      if (await isKnown(context, osd)) await context.world.ceph().purgeOsd(osd.id);
    },
    undo: async (context) => {
      if (await isKnown(context, osd)) return;
      throw new ClassifiedError('environment_error', `Ceph has forgotten OSD ${osd.id}; removing it once more does the rest`);
    },
  });

/** What is left on the device, in words; empty: nothing. */
export const DEVICE_WIPED = stepKey<string>('wipe-device');

/** `mayFail`: what cannot be wiped is left. */
export const wipeDevice = (osd: OsdDocument, { isThere, mayFail }: { isThere: boolean; mayFail: boolean }): Step =>
  step(DEVICE_WIPED, `wipe ${osd.device} of ${osd.node}`, {
    irrevocable,
    run: async (context) => {
      const { world, log, signal } = context;
      const leave = (why: string): string => {
        const text = `the data of OSD ${osd.id} is left on ${osd.device} of node "${osd.node}": ${why}`;
        log(text);
        return text;
      };
      if (!isThere) return leave('its agent does not report');
      // An OSD that was adopted from a machine that was no node of the cluster.
      if (osd.device === '') return leave('nobody knows on which device');
      try {
        await (await world.osdHosts.on(osd.node)).zapDevice(osd.device, osd.fsid);
        return '';
      } catch (error) {
        signal.throwIfAborted();
        if (mayFail && error instanceof ClassifiedError) return leave(error.message);
        throw error;
      }
    },
  });

export const forgetOsd = (osd: OsdDocument): Step =>
  step('forget-osd', `remove OSD ${osd.id} from the cluster`, {
    irrevocable,
    run: async ({ world: { storage }, signal }) => {
      // Its ID may be another's by now.
      if ((await storage.osds.find(String(osd.id)))?.fsid === osd.fsid) await storage.osds.remove(String(osd.id), { signal });
    },
    // Where Ceph has it still, nothing is undone that this would stand for.
    undo: async ({ world, signal }) => await world.storage.osds.create(osd, signal),
  });
