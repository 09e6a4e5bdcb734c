/** Block devices of the lab: loop devices over sparse files. */
import { mkdir, realpath, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';

export interface LoopDevice {
  /** `/dev/loop3`. */
  readonly path: string;
  /** Detaches the device and deletes its file. */
  free(): Promise<void>;
}

interface LoopList {
  loopdevices?: { name: string; 'back-file': string }[];
}

export async function makeLoopDevice(folder: string, name: string, sizeBytes: number): Promise<LoopDevice> {
  await mkdir(folder, { recursive: true });
  const file = join(await realpath(folder), name);
  await writeFile(file, '', { flag: 'wx' });
  await truncate(file, sizeBytes);
  const { stdout: path } = await execa('losetup', ['--find', '--show', file]);
  return {
    path,
    async free() {
      await execa('losetup', ['--detach', path]);
      await rm(file, { force: true });
    },
  };
}

/** Detaches all whose files are in that folder, also those of a run that was killed. */
export async function freeLoopDevices(folder: string): Promise<void> {
  const { stdout } = await execa('losetup', ['--list', '--json', '--output', 'NAME,BACK-FILE'], { reject: false });
  const { loopdevices = [] } = stdout === '' ? {} : (JSON.parse(stdout) as LoopList);
  for (const device of loopdevices) {
    if (device['back-file'].startsWith(`${folder}/`)) await execa('losetup', ['--detach', device.name], { reject: false });
  }
}
