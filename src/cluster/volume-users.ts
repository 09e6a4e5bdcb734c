// Which VMs have which volumes as disks, kept with each change of a VM.
import type { Vm } from '../../schemas/resources/vm.js';
import type { Mirror } from './mirror.js';

const NOBODY: ReadonlySet<string> = new Set();

/** The specs (`pool/volume`) of a VM's RBD disks; a disk that is a snapshot counts as its volume. */
export function volumesOf({ disks }: Pick<Vm, 'disks'>): string[] {
  return disks.flatMap(({ type, name }) => (type === 'rbd' && name !== null ? [name.replace(/@[^@/]*$/, '')] : []));
}

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
