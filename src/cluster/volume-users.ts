// Which VMs have which volumes as disks, kept with each change of a VM.
import type { Vm } from '../../schemas/resources/vm.js';
import type { Mirror } from './mirror.js';

const NOBODY: ReadonlySet<string> = new Set();

/** No pool, volume or snapshot has a longer name, so one that has is none of Ceph's. */
const LONGEST = 1024;

/** `pool/volume`, where the volume may stand in a namespace, and of a snapshot its name. */
const RBD_NAME = /^([^/@]+)\/([^@]+?)(?:@([^@/]+))?$/;

/** The names of a VM's RBD disks, and of what they are laid over. */
const rbdNames = ({ disks }: Pick<Vm, 'disks'>): string[] =>
  disks
    .flatMap((disk) => [disk, ...disk.backing])
    .flatMap(({ type, name }) => (type === 'rbd' && name !== null && name.length <= LONGEST && RBD_NAME.test(name) ? [name] : []));

/** The specs (`pool/volume`) of the volumes that a VM needs, each once; a disk that is a snapshot needs its volume. */
export const volumesOf = (vm: Pick<Vm, 'disks'>): string[] => [...new Set(rbdNames(vm).map((name) => name.replace(/@[^@/]*$/, '')))];

/**
 * Why a disk does not go when its VM goes with its disks; undefined: it does. What a guest cannot write to, or shares, is somebody else's:
 * an image that is installed from, a template.
 */
export function reasonToStay({ type, name, device, readonly, shareable }: Vm['disks'][number]): string | undefined {
  if (type !== 'rbd') return 'it is no RBD volume';
  const [, , volume = '', snapshot] = RBD_NAME.exec(name ?? '') ?? [];
  if (volume === '') return 'its name is none of an RBD volume';
  if (volume.includes('/')) return 'it is in an RBD namespace';
  if (snapshot !== undefined) return 'it is a snapshot';
  if (device !== 'disk' && device !== 'lun') return `it is in a drive of type ${device}`;
  if (readonly) return 'the guest can only read it';
  return shareable ? 'it is shareable' : undefined;
}

/** The specs of the volumes that go when the VM goes with its disks, each once. */
export function ownVolumesOf({ disks }: Pick<Vm, 'disks'>): string[] {
  const staying = new Set(disks.filter((disk) => reasonToStay(disk) !== undefined).map(({ name }) => name));
  const own = disks.flatMap(({ name }) => (name === null || staying.has(name) ? [] : [name]));
  return [...new Set(own)];
}

/** All of the storage that a VM needs: pools (`vms`), volumes (`vms/web1`) and snapshots (`vms/web1@daily`), each once. */
export const partsOf = (vm: Pick<Vm, 'disks'>): string[] => [
  ...new Set(
    rbdNames(vm).flatMap((name) => {
      const [, pool = '', volume = '', snapshot] = RBD_NAME.exec(name) ?? [];
      return [pool, `${pool}/${volume}`, ...(snapshot === undefined ? [] : [name])];
    }),
  ),
];

export interface VolumeUsers {
  /** UUIDs; live, not to be kept. */
  of(spec: string): ReadonlySet<string>;
  close(): void;
}

export function followVolumeUsers(vms: Pick<Mirror<Vm>, 'all' | 'onChange'>): VolumeUsers {
  const users = new Map<string, Set<string>>();
  const counted = new Map<string, string[]>();

  function recount(uuid: string, vm: Vm | undefined): void {
    for (const spec of counted.get(uuid) ?? []) {
      const left = users.get(spec);
      left?.delete(uuid);
      if (left?.size === 0) users.delete(spec);
    }
    const specs = vm === undefined ? [] : volumesOf(vm);
    if (specs.length === 0) counted.delete(uuid);
    else counted.set(uuid, specs);
    for (const spec of specs) users.set(spec, (users.get(spec) ?? new Set()).add(uuid));
  }

  const stop = vms.onChange(recount);
  for (const [uuid, vm] of vms.all()) recount(uuid, vm);
  return { of: (spec) => users.get(spec) ?? NOBODY, close: stop };
}
