// Debian packages that rapid starts programs of: seen to be installed, and installed when they are not.
import { access } from 'node:fs/promises';
import { execa } from 'execa';

export const QUIET_APT = { env: { DEBIAN_FRONTEND: 'noninteractive' } } as const;
/** Processes that install at the same time wait for each other instead of failing on dpkg's lock. */
export const APT = ['-q', '-y', '-o', 'DPkg::Lock::Timeout=300', '-o', 'APT::Sandbox::User=root'];

/**
 * Installs without letting a package's postinst start its daemon: rapid runs its own ones, on its own ports.
 * `policy-rc.d` is what Debian asks before it starts a service; one that is already there is left as it is.
 */
const INSTALL = `
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  trap 'rm -f $policy' EXIT
  printf '#!/bin/sh\\nexit 101\\n' >$policy
  chmod 755 $policy
fi
# An installation that was killed is brought to its end first: apt refuses everything else until then.
dpkg --configure -a
apt-get ${APT.join(' ')} update
apt-get ${APT.join(' ')} --no-install-recommends install "$@"
`;

/** Makes sure that the named packages are installed; costs one dpkg-query when they all are. Throws an error that says what to do when it may not or can't. */
export async function ensurePackages(names: readonly string[]): Promise<void> {
  const missing = await missingPackages(names);
  if (missing.length === 0) return;
  await assertMayInstall(missing);
  // One installation at a time: nobody takes away the policy-rc.d of another, and apt fails at once when its lists are being read anew.
  await execa('flock', ['/run/rapid-packages.lock', 'sh', '-ec', INSTALL, 'install', ...missing], QUIET_APT);
}

async function missingPackages(names: readonly string[]): Promise<string[]> {
  const { stdout, failed, exitCode } = await execa('dpkg-query', ['--show', '--showformat', '${Package} ${db:Status-Status}\n', ...names], {
    reject: false,
  });
  // Exit code 1 says that some name is unknown; everything else that fails means there is no dpkg at all.
  if (failed && exitCode !== 1) return [...names];
  const installed = new Set(
    stdout
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  );
  return names.filter((name) => !installed.has(name));
}

/** Throws when this machine or this user can't install packages. */
export async function assertMayInstall(names: readonly string[]): Promise<void> {
  const apt = await access('/usr/bin/apt-get').then(
    () => true,
    () => false,
  );
  if (apt && process.getuid?.() === 0) return;
  throw new Error(
    `these Debian packages are needed: ${names.join(' ')}. ` +
      (apt ? 'Only root can install them; as root, run: ' : 'There is no apt-get here; on Debian 12, as root, run: ') +
      `apt-get update && apt-get install --no-install-recommends ${names.join(' ')}`,
  );
}
