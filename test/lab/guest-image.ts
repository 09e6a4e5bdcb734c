/** Builds what the lab's guests boot: Debian's cloud kernel, and an initrd with nothing but busybox and one script. */
import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { execa } from 'execa';
import { ensurePackages } from '../../workers/local-redis/debian-package.js';
import { dependencyOf, downloadPackage } from './packages.js';

export interface GuestImage {
  readonly kernel: string;
  readonly initrd: string;
}

/** Needed modules, each after those it depends on; one that a kernel has built in is left out. */
const MODULES = [
  'button',
  'evdev',
  'pvpanic',
  'pvpanic-mmio',
  'virtio_ring',
  'virtio',
  'virtio_pci_legacy_dev',
  'virtio_pci_modern_dev',
  'virtio_pci',
  'virtio_blk',
  'failover',
  'net_failover',
  'virtio_net',
  'virtio_balloon',
];
const APPLETS = ['cat', 'dd', 'echo', 'grep', 'insmod', 'mount', 'poweroff', 'sh', 'sleep'];

/** The only program of the guest. Its parameters are words of the kernel's command line. */
const INIT = `#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
exec </dev/null >/dev/ttyS0 2>&1
for module in /modules/*; do insmod $module; done

parameter() {
  for word in $(cat /proc/cmdline); do
    case $word in "$1="*) echo "\${word#*=}" ;; esac
  done
}
end() {
  echo "rapid guest $1"
  poweroff -f
}

poweroff_after=$(parameter rapid.poweroff_after)
panic_after=$(parameter rapid.panic_after)
if [ -n "$poweroff_after" ]; then (sleep $poweroff_after; end 'powers itself off') & fi
if [ -n "$panic_after" ]; then (sleep $panic_after; echo 'rapid guest panics'; echo c >/proc/sysrq-trigger) & fi
if ! grep -q rapid.deaf /proc/cmdline; then
  for device in /sys/class/input/event*; do
    if [ "$(cat $device/device/name)" = 'Power Button' ]; then
      # One event of 24 bytes is one press.
      (dd if=/dev/input/\${device##*/} of=/dev/null bs=24 count=1 2>/dev/null; end 'obeys the power button') &
    fi
  done
fi

disk=$(parameter rapid.disk)
pattern=$(parameter rapid.pattern)
if [ -n "$disk" ]; then
  echo "disk holds '$(dd if=/dev/$disk bs=64 count=1 2>/dev/null)'"
  if [ -n "$pattern" ]; then
    echo "$pattern" | dd of=/dev/$disk bs=64 count=1 conv=sync,fsync 2>/dev/null
    echo "disk was given '$pattern'"
  fi
fi

echo 'rapid guest up'
count=0
sectors=
while :; do
  if [ -n "$disk" ] && [ "$(cat /sys/block/$disk/size)" != "$sectors" ]; then
    sectors=$(cat /sys/block/$disk/size)
    echo "disk has $sectors sectors"
  fi
  echo "count $count"
  count=$((count + 1))
  sleep 1
done
`;

/** The image, built on first use; the kernel and the initrd are kept in the folder given. */
export async function ensureGuestImage(cacheDir: string): Promise<GuestImage> {
  const recipe = createHash('sha256')
    .update(JSON.stringify([MODULES, APPLETS, INIT]))
    .digest('hex')
    .slice(0, 12);
  const dir = join(cacheDir, `guest-${recipe}`);
  const image = { kernel: join(dir, 'vmlinuz'), initrd: join(dir, 'initrd') };
  if ((await readdir(dir).catch(() => [])).length > 0) return image;
  await ensurePackages(['busybox-static', 'cpio']);
  await mkdir(cacheDir, { recursive: true });
  const work = await mkdtemp(join(cacheDir, 'build-'));
  try {
    const kernelTree = await unpackKernel(work);
    const out = join(work, 'out');
    await mkdir(out);
    await packInitrd(kernelTree, join(work, 'root'), join(out, 'initrd'));
    await copyFile(await findKernel(kernelTree), join(out, 'vmlinuz'));
    // In one step, so that an interrupted build leaves no half image.
    await rename(out, dir);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return image;
}

async function unpackKernel(work: string): Promise<string> {
  const tree = join(work, 'kernel');
  const deb = await downloadPackage(await dependencyOf('linux-image-cloud-amd64'), work);
  await execa('dpkg', ['-x', deb, tree]);
  return tree;
}

async function findKernel(tree: string): Promise<string> {
  const file = (await readdir(join(tree, 'boot'))).find((name) => name.startsWith('vmlinuz'));
  if (file === undefined) throw new Error('the kernel package holds no kernel');
  return join(tree, 'boot', file);
}

async function packInitrd(kernelTree: string, root: string, initrd: string): Promise<void> {
  for (const folder of ['bin', 'dev', 'modules', 'proc', 'sys']) await mkdir(join(root, folder), { recursive: true });
  await copyFile('/bin/busybox', join(root, 'bin', 'busybox'));
  for (const applet of APPLETS) await symlink('busybox', join(root, 'bin', applet));
  const all = await readdir(join(kernelTree, 'lib', 'modules'), { recursive: true });
  for (const [index, module] of MODULES.entries()) {
    const file = all.find((path) => basename(path) === `${module}.ko`);
    // The guest loads them in the order of their names.
    const name = `${String(index).padStart(2, '0')}-${module}.ko`;
    if (file !== undefined) await copyFile(join(kernelTree, 'lib', 'modules', file), join(root, 'modules', name));
  }
  await writeFile(join(root, 'init'), INIT);
  await chmod(join(root, 'init'), 0o755);
  const files = await readdir(root, { recursive: true });
  await execa('cpio', ['--create', '--format', 'newc', '--quiet', '--file', initrd], {
    cwd: root,
    input: ['.', ...files.sort()].join('\n'),
  });
}
