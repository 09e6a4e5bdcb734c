// Steps that make an OSD. It is known by its UUID, which the check has drawn: its ID is Ceph's to give, and may be unknown after a lost answer.
import { ClassifiedError } from '../../src/errors/classified-error.js';
import type { DeviceFacts, HostedOsd, OsdHost } from '../drivers/ceph-osd-host.js';
import { pollUntil } from '../engine/interruption.js';
import { step, stepKey, type Step, type StepContext } from '../engine/opcode.js';

const LOOK_MS = 500;
const FREE_WITHIN_MS = 60_000;

export interface PlannedOsd {
  node: string;
  device: string;
  /** Its UUID. */
  fsid: string;
}

async function idIfMade({ world }: StepContext, fsid: string): Promise<number | undefined> {
  return (await world.ceph().osds()).find((osd) => osd.fsid === fsid)?.id;
}

async function idOf(context: StepContext, { device, fsid }: PlannedOsd): Promise<number> {
  const id = await idIfMade(context, fsid);
  if (id === undefined) throw new ClassifiedError('environment_error', `Ceph does not know the OSD any more that was made on ${device}`);
  return id;
}

/** Undefined: the device is gone. */
async function look(host: OsdHost, device: string): Promise<DeviceFacts | undefined> {
  try {
    return await host.inspectDevice(device);
  } catch (error) {
    if (error instanceof ClassifiedError && error.errorClass === 'unknown_entity') return undefined;
    throw error;
  }
}

/** Takes all of it away, however far it is: its daemon, Ceph's knowledge of it, its data. What is on the device and not its own stays. */
async function takeBack(context: StepContext, { node, device, fsid }: PlannedOsd): Promise<void> {
  const { world } = context;
  const host = await world.osdHosts.on(node);
  const id = await idIfMade(context, fsid);
  if (id !== undefined) {
    await host.stopOsd(id);
    await world.ceph().purgeOsd(id);
  }
  const onDevice = (await look(host, device))?.osd?.fsid;
  if (id !== undefined || onDevice === fsid) await host.zapDevice(device, fsid);
}

/** Under the ID that Ceph gave it. */
export const OSD_PREPARED = stepKey<HostedOsd>('prepare-osd');

export const prepareOsd = (osd: PlannedOsd): Step =>
  step(OSD_PREPARED, `make an OSD on ${osd.device} of ${osd.node}`, {
    run: async ({ world }) => await (await world.osdHosts.on(osd.node)).prepareOsd({ device: osd.device, fsid: osd.fsid }),
    undo: (context) => takeBack(context, osd),
  });

/** Undone with the making of it. */
export const startOsd = (osd: PlannedOsd): Step =>
  step('start-osd', 'start it and wait until it is up', {
    run: async (context) => await (await context.world.osdHosts.on(osd.node)).startOsd(await idOf(context, osd)),
  });

/** Undone with the making of it. */
export const weighOsd = (osd: PlannedOsd, weight: number): Step =>
  step('weigh-osd', `give it the weight ${weight}`, {
    run: async (context) => await context.world.ceph().setOsdWeight(await idOf(context, osd), weight),
  });

export const addOsdDocument = (osd: PlannedOsd): Step =>
  step('add-osd', 'add it to the cluster', {
    run: async (context) => {
      const { world, job, signal, log } = context;
      const id = await idOf(context, osd);
      const isFree = async () => {
        const there = await world.storage.osds.find(String(id));
        return there === undefined || there.fsid === osd.fsid;
      };
      // Ceph gives the ID of an OSD that is purged to the next one; the one that had it may still be on its way out.
      if (!(await isFree())) {
        log(`waits for the removal of the OSD that was ${id} before`);
        await pollUntil(isFree, LOOK_MS, FREE_WITHIN_MS, signal);
      }
      await world.storage.osds.create({ ...osd, id, added_by: job }, signal);
    },
    undo: async ({ world: { storage }, job, signal }) => {
      const keys = await storage.osds.keys();
      const documents = await Promise.all(keys.map((key) => storage.osds.find(key)));
      const own = keys.filter((_, index) => documents[index]?.fsid === osd.fsid);
      for (const key of own) await storage.osds.remove(key, { addedBy: job, signal });
    },
  });
