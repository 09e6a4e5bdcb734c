// What the OSD host of this machine is made of, for one piece of work; and the questions that need several of them.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CallContext } from '../call-context.js';
import type { DeviceFacts } from '../ceph-osd-host.js';
import { inspectBlockDevice } from './block-device.js';
import { cephClient, type CephClient, type CephSettings } from './ceph-client.js';
import { numberIn, recordsIn, textIn } from './ceph-json.js';
import { type HostCommands, hostCommands } from './host-commands.js';
import { lvmOsds } from './lvm-osds.js';
import type { OsdBackend } from './osd-backend.js';
import { osdCommands, osdDump } from './osd-commands.js';
import { directDaemons, type OsdDaemons, systemdDaemons } from './osd-daemons.js';
import { rawOsds } from './raw-osds.js';

export interface OsdHostSettings extends CephSettings {
  backend: 'lvm' | 'raw';
  daemons: 'systemd' | 'direct';
  /** The folder of the OSDs' folders; ceph-volume knows /var/lib/ceph/osd only. */
  dataDir: string;
}

export interface OsdHostParts {
  commands: HostCommands;
  client: CephClient;
  backend: OsdBackend;
  daemons: OsdDaemons;
  /** The folder of an OSD of this node. */
  folderOf(id: number): string;
}

export function osdHostParts(settings: OsdHostSettings, context: CallContext): OsdHostParts {
  const { conf, dataDir, commandTimeoutMs, silenceTimeoutMs } = settings;
  const commands = hostCommands(conf, silenceTimeoutMs, context);
  const client = cephClient(settings, context);
  const systemd = settings.daemons === 'systemd';
  const folderOf = (id: number) => join(dataDir, `ceph-${id}`);
  return {
    commands,
    client,
    folderOf,
    daemons: systemd ? systemdDaemons(commands) : directDaemons(commands, { conf, folderOf, stopTimeoutMs: commandTimeoutMs }),
    backend:
      settings.backend === 'lvm'
        ? lvmOsds(commands, { systemd })
        : rawOsds(commands, client, { conf, folderOf, dataDir, owner: systemd ? 'ceph' : undefined }),
  };
}

export async function inspect({ commands, backend }: OsdHostParts, device: string): Promise<DeviceFacts> {
  const facts = await inspectBlockDevice(commands, device);
  const osd = await backend.on(facts.path);
  return osd === undefined ? facts : { ...facts, osd };
}

/** The ID under which the cluster knows an OSD of that UUID. */
export async function registeredId({ client }: OsdHostParts, fsid: string): Promise<number | undefined> {
  const osd = recordsIn(await osdDump(client), 'osds').find((known) => textIn(known, 'uuid') === fsid);
  return osd && numberIn(osd, 'osd');
}

/** Takes away what there is of an OSD that never ran: on the device, in the cluster, and its folder. */
export async function takeBack(parts: OsdHostParts, device: string, fsid: string): Promise<void> {
  const facts = await inspect(parts, device);
  if (facts.osd?.fsid === fsid) await parts.backend.zap(facts.path);
  const id = await registeredId(parts, fsid);
  if (id === undefined) return;
  await osdCommands(parts.client).purgeOsd(id);
  await parts.commands.permit();
  await rm(parts.folderOf(id), { recursive: true, force: true });
}
