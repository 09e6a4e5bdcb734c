// The label that BlueStore writes at the head of an OSD's device.
import { asRecord, parseCephJson, textIn } from './ceph-json.js';
import type { HostCommands } from './host-commands.js';

export interface OsdLabel {
  fsid: string;
  /** Absent: making the OSD was not finished. */
  id?: number;
}

/** Undefined: there is none. */
export async function readOsdLabel(commands: HostCommands, device: string): Promise<OsdLabel | undefined> {
  const { exitCode, stdout } = await commands.attempt('ceph-bluestore-tool', ['show-label', '--dev', device]);
  if (exitCode !== 0) return undefined;
  const label = asRecord(asRecord(parseCephJson(stdout, `read the label of ${device}`))[device]);
  const fsid = textIn(label, 'osd_uuid');
  if (fsid === '') return undefined;
  // The last thing that making an OSD writes.
  return textIn(label, 'ready') === '' ? { fsid } : { fsid, id: Number(textIn(label, 'whoami')) };
}
