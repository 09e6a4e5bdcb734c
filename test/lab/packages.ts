/** Debian packages that the lab takes apart instead of installing them: a kernel for its guest. */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { APT, assertMayInstall, QUIET_APT } from '../../workers/local-redis/debian-package.js';

/** Fetches a package without installing it and returns the path of the `.deb` in the folder given. */
export async function downloadPackage(name: string, into: string): Promise<string> {
  await mkdir(into, { recursive: true });
  const download = () => execa('apt-get', [...APT, 'download', name], { ...QUIET_APT, cwd: into });
  try {
    await download();
  } catch {
    // No package lists yet, or lists so old that the archive has moved on.
    await assertMayInstall([name]);
    await execa('apt-get', ['update', ...APT], QUIET_APT);
    await download();
  }
  const deb = (await readdir(into)).find((file) => file.startsWith(`${name}_`) && file.endsWith('.deb'));
  if (deb === undefined) throw new Error(`apt-get download left no package ${name} in ${into}`);
  return join(into, deb);
}

/** The package that a metapackage (`linux-image-cloud-amd64`) stands for at present. */
export async function dependencyOf(metapackage: string): Promise<string> {
  const ask = async () => {
    const { stdout } = await execa('apt-cache', ['depends', '--important', metapackage], { reject: false });
    return /Depends: (\S+)/.exec(stdout)?.[1];
  };
  const known = await ask();
  if (known !== undefined) return known;
  await assertMayInstall([metapackage]);
  await execa('apt-get', ['update', ...APT], QUIET_APT);
  const name = await ask();
  if (name === undefined) throw new Error(`the Debian package ${metapackage} is unknown here`);
  return name;
}
