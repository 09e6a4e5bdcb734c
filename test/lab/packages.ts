/** Debian packages the lab stands on: seen to be installed, and installed when they are not. */
import { access, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';

const QUIET_APT = { env: { DEBIAN_FRONTEND: 'noninteractive' } } as const;
/** Test runs that install at the same time wait for each other instead of failing on dpkg's lock. */
const APT = ['-q', '-y', '-o', 'DPkg::Lock::Timeout=300', '-o', 'APT::Sandbox::User=root'];

/**
 * Installs without letting a package's postinst start its daemon: the lab runs its own ones, on its own ports.
 * `policy-rc.d` is what Debian asks before it starts a service; one that is already there is left as it is.
 */
const INSTALL = `
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  trap 'rm -f $policy' EXIT
  printf '#!/bin/sh\\nexit 101\\n' >$policy
  chmod 755 $policy
fi
apt-get "$@"
`;

/** Makes sure that the named packages are installed. Costs one dpkg-query when they all are. */
export async function ensurePackages(names: readonly string[]): Promise<void> {
  const missing = await missingPackages(names);
  if (missing.length === 0) return;
  await mayInstall(missing);
  await execa('apt-get', ['update', ...APT], QUIET_APT);
  // One installation at a time, so that nobody takes away the policy-rc.d of another.
  await execa(
    'flock',
    ['/run/rapid-lab-packages.lock', 'sh', '-ec', INSTALL, 'install', ...APT, '--no-install-recommends', 'install', ...missing],
    QUIET_APT,
  );
}

/** Fetches a package without installing it and returns the path of the `.deb` in the folder given. */
export async function downloadPackage(name: string, into: string): Promise<string> {
  await mkdir(into, { recursive: true });
  const download = () => execa('apt-get', [...APT, 'download', name], { ...QUIET_APT, cwd: into });
  try {
    await download();
  } catch {
    // No package lists yet, or lists so old that the archive has moved on.
    await mayInstall([name]);
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
  await mayInstall([metapackage]);
  await execa('apt-get', ['update', ...APT], QUIET_APT);
  const name = await ask();
  if (name === undefined) throw new Error(`the Debian package ${metapackage} is unknown here`);
  return name;
}

async function missingPackages(names: readonly string[]): Promise<string[]> {
  const { stdout, failed, exitCode } = await execa(
    'dpkg-query',
    ['--show', '--showformat', '${Package} ${db:Status-Status}\n', ...names],
    { reject: false },
  );
  // Exit code 1 says that some name is unknown; everything else that fails means there is no dpkg at all.
  if (failed && exitCode !== 1) return [...names];
  const installed = new Set(
    stdout.split('\n').filter((line) => line.endsWith(' installed')).map((line) => line.split(' ')[0]),
  );
  return names.filter((name) => !installed.has(name));
}

async function mayInstall(names: readonly string[]): Promise<void> {
  const apt = await access('/usr/bin/apt-get').then(() => true, () => false);
  if (apt && process.getuid?.() === 0) return;
  throw new Error(
    `the lab needs these Debian packages: ${names.join(' ')}. ` +
      (apt ? 'It is not root and cannot install them; as root, run: ' : 'There is no apt-get here; on Debian 12, as root, run: ') +
      `apt-get update && apt-get install --no-install-recommends ${names.join(' ')}`,
  );
}
