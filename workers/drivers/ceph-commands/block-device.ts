// A block device of this machine: what it is, what is on it, and emptying it.
import { constants } from 'node:fs';
import { open, realpath, stat } from 'node:fs/promises';
import { ClassifiedError } from '../../../src/errors/classified-error.js';
import type { DeviceFacts } from '../ceph-osd-host.js';
import { asRecord, type CephRecord, flagIn, numberIn, parseCephJson, recordsIn, textIn } from './ceph-json.js';
import type { HostCommands } from './host-commands.js';

/** wrong_input: no block device; unknown_entity: nothing is there. */
async function kernelPath(device: string): Promise<string> {
  if (!device.startsWith('/dev/')) throw new ClassifiedError('wrong_input', `${JSON.stringify(device)} is not the path of a device`);
  const path = await realpath(device).catch(() => undefined);
  const found = path === undefined ? undefined : await stat(path).catch(() => undefined);
  if (path === undefined || found === undefined) throw new ClassifiedError('unknown_entity', `there is no device ${device} on this node`);
  if (!found.isBlockDevice()) throw new ClassifiedError('wrong_input', `${device} is not a block device`);
  return path;
}

function childrenOf(device: CephRecord): CephRecord[] {
  return recordsIn(device, 'children').flatMap((child) => [child, ...childrenOf(child)]);
}

/** All but the OSD that may be on it. */
export async function inspectBlockDevice(commands: HostCommands, device: string): Promise<DeviceFacts> {
  const path = await kernelPath(device);
  const columns = 'NAME,PATH,SIZE,RO,ROTA,MOUNTPOINT';
  const answer = asRecord(await commands.json('lsblk', ['--json', '--bytes', '--output', columns, path], `look at ${device}`));
  const self = recordsIn(answer, 'blockdevices')[0] ?? {};
  const parts = childrenOf(self);
  return {
    path,
    sizeBytes: numberIn(self, 'size'),
    readOnly: flagIn(self, 'ro'),
    rotational: flagIn(self, 'rota'),
    mountPoints: [self, ...parts].map((part) => textIn(part, 'mountpoint')).filter((point) => point !== ''),
    children: parts.map((part) => textIn(part, 'path')),
    signatures: await signaturesOn(commands, path),
    inUse: await isInUse(path),
  };
}

async function signaturesOn(commands: HostCommands, path: string): Promise<string[]> {
  const text = await commands.text('wipefs', ['--no-act', '--json', path], `look what is on ${path}`);
  return recordsIn(asRecord(parseCephJson(text, `look what is on ${path}`)), 'signatures').map((signature) => textIn(signature, 'type'));
}

/** Linux lets nobody else open for itself what a mount, device mapper or an OSD has open for itself. */
async function isInUse(path: string): Promise<boolean> {
  try {
    await (await open(path, constants.O_RDONLY | constants.O_EXCL)).close();
    return false;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EBUSY') return true;
    throw new ClassifiedError('environment_error', `${path} cannot be read`, { cause: error });
  }
}

/** Destroys what makes it look like anything. */
export async function emptyBlockDevice(commands: HostCommands, path: string): Promise<void> {
  // An OSD's label and the head of its database; then what file systems and partition tables write elsewhere.
  await commands.changing.text(
    'dd',
    ['if=/dev/zero', `of=${path}`, 'bs=1M', 'count=10', 'conv=fsync,notrunc', 'status=none'],
    `empty ${path}`,
  );
  await commands.changing.text('wipefs', ['--all', '--force', path], `empty ${path}`);
}
