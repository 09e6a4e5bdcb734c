// The OSDs of this machine, behind the port.
import { rm } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { ClassifiedError, classify } from '../../../src/errors/classified-error.js';
import type { CallContext } from '../call-context.js';
import { deviceObjection, type HostedOsd, type OsdHost } from '../ceph-osd-host.js';
import { numberIn, recordsIn } from './ceph-json.js';
import { osdDump } from './osd-commands.js';
import { inspect, osdHostParts, type OsdHostSettings, registeredId, takeBack } from './osd-host-parts.js';

const LOOK_MS = 500;
/** How long what a killed attempt left running may hold the device. */
const FREE_WITHIN_MS = 30_000;

export function commandOsdHost(settings: OsdHostSettings, context: CallContext = {}): OsdHost {
  const { signal, ...unbound } = context;
  const parts = osdHostParts(settings, context);
  const { backend, client, commands, daemons, folderOf } = parts;

  const local = async (id: number) => (await backend.list()).find((osd) => osd.id === id);
  const isUp = async (id: number) =>
    recordsIn(await osdDump(client), 'osds').some((osd) => numberIn(osd, 'osd') === id && numberIn(osd, 'up') === 1);

  async function until(reached: () => Promise<boolean>, withinMs: number): Promise<boolean> {
    for (const deadline = Date.now() + withinMs; ; await pause(LOOK_MS)) {
      signal?.throwIfAborted();
      if (await reached()) return true;
      if (Date.now() >= deadline) return false;
    }
  }

  async function refuseUnlessEmpty(device: string): Promise<void> {
    const objection = deviceObjection(await inspect(parts, device));
    if (objection !== undefined) throw new ClassifiedError('wrong_state', objection);
  }

  /** The OSD that an earlier call has made whole; what one that was killed left is taken away. */
  async function takeUp(device: string, fsid: string): Promise<HostedOsd | undefined> {
    const { osd } = await inspect(parts, device);
    const id = await registeredId(parts, fsid);
    if (osd?.fsid !== fsid && id === undefined) return undefined;
    if (osd?.fsid === fsid && osd.id !== undefined && osd.id === id) return { id, fsid };
    await until(async () => !(await inspect(parts, device)).inUse, FREE_WITHIN_MS);
    await takeBack(parts, device, fsid);
    return undefined;
  }

  return {
    inspectDevice: (device) => inspect(parts, device),
    async prepareOsd(osd) {
      const { device, fsid } = osd;
      const whole = await takeUp(device, fsid);
      if (whole !== undefined) return whole;
      await refuseUnlessEmpty(device);
      try {
        await backend.prepare(osd);
        const id = await registeredId(parts, fsid);
        if (id === undefined) throw new ClassifiedError('environment_error', `Ceph does not know the OSD that was made on ${device}`);
        return { id, fsid };
      } catch (error) {
        // Without the signal: a call that was aborted leaves as little as one that failed. What cannot be taken back now, the next attempt does.
        await takeBack(osdHostParts(settings, unbound), device, fsid).catch((left: unknown) => context.onStderr?.(classify(left).message));
        throw error;
      }
    },
    async localOsds() {
      const osds = (await backend.list()).toSorted((one, other) => one.id - other.id);
      return Promise.all(osds.map(async (osd) => ({ ...osd, running: await daemons.isRunning(osd.id) })));
    },
    async startOsd(id) {
      const osd = await local(id);
      if (osd === undefined) throw new ClassifiedError('unknown_entity', `this node has no OSD ${id}`);
      if (!(await daemons.isRunning(id))) {
        await backend.activate(osd);
        await daemons.start(id);
      }
      if (await until(() => isUp(id), settings.commandTimeoutMs)) return;
      throw new ClassifiedError('environment_error', `OSD ${id} was started and did not come up`);
    },
    async stopOsd(id) {
      const osd = await local(id);
      if (osd === undefined && !(await daemons.isRunning(id))) return;
      await daemons.stop(id, osd === undefined ? [] : backend.units(osd));
      // Else the cluster would believe in it for a while, and not let it be purged.
      if (await isUp(id)) await client.changing.ceph(['osd', 'down', String(id)], { what: `take OSD ${id} for down` });
    },
    isOsdRunning: (id) => daemons.isRunning(id),
    async zapDevice(device, fsid) {
      const osd = (await backend.list()).find((known) => known.fsid === fsid);
      if (osd !== undefined && (await daemons.isRunning(osd.id))) throw new ClassifiedError('wrong_state', `OSD ${osd.id} runs`);
      const facts = await inspect(parts, device).catch(unlessGone);
      if (facts?.osd?.fsid === fsid) await backend.zap(facts.path);
      if (facts !== undefined) await refuseUnlessEmpty(device);
      if (osd === undefined) return;
      await commands.permit();
      await rm(folderOf(osd.id), { recursive: true, force: true });
    },
  };
}

function unlessGone(error: unknown): undefined {
  if (error instanceof ClassifiedError && error.errorClass === 'unknown_entity') return undefined;
  throw error;
}
