/** A tiny guest as libvirt domain XML. It boots into a script that counts on the serial console. */
import type { GuestImage } from './guest-image.js';

/** What the guest writes on its console; `count N` follows once a second. */
export const GUEST_SAYS = {
  up: 'rapid guest up',
  powerButton: 'rapid guest obeys the power button',
  powersItselfOff: 'rapid guest powers itself off',
  panics: 'rapid guest panics',
} as const;

/** Below 80 MiB the kernel does not come up; this leaves some room. */
const GUEST_MEMORY_MIB = 96;

export type GuestVariant =
  /** Powers off when its power button is pressed. */
  | 'obedient'
  /** Ignores its power button. */
  | 'deaf'
  /** Obedient, and powers itself off some seconds after it is up. */
  | { readonly poweroffAfter: number }
  /** Obedient, and its kernel panics some seconds after it is up: libvirt sees a crashed guest. */
  | { readonly panicAfter: number };

export interface GuestOptions {
  readonly name: string;
  readonly uuid: string;
  readonly image: GuestImage;
  /** Best in the lab's console folder, which every node sees. */
  readonly consoleFile: string;
  readonly memoryMib?: number;
  readonly vcpus?: number;
  readonly variant?: GuestVariant;
  /** Its first disk, `vda`, is looked at: what its first bytes say, and how large it is. `pattern` is then written there. */
  readonly disk?: { readonly pattern?: string };
  /** XML of more devices (disks, network cards); there are none by default. */
  readonly devices?: string;
}

export function guestXml(options: GuestOptions): string {
  const { name, uuid, image, consoleFile, memoryMib = GUEST_MEMORY_MIB, vcpus = 1, variant = 'obedient', disk, devices = '' } = options;
  // Always emulated (TCG), never KVM: where the machine is itself a guest, /dev/kvm may exist and yet hang guests
  // at their first instruction, and a guest that boots the same way everywhere is worth more than a fast one.
  return `<domain type='qemu'>
  <name>${escape(name)}</name>
  <uuid>${uuid}</uuid>
  <memory unit='MiB'>${memoryMib}</memory>
  <vcpu>${vcpus}</vcpu>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <kernel>${escape(image.kernel)}</kernel>
    <initrd>${escape(image.initrd)}</initrd>
    <cmdline>${escape([...KERNEL_PARAMETERS, ...variantParameters(variant), ...diskParameters(disk)].join(' '))}</cmdline>
  </os>
  <features><acpi/><apic/><tcg><tb-cache unit='MiB'>32</tb-cache></tcg></features>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <serial type='file'>
      <source path='${escape(consoleFile)}' append='on'/>
      <target port='0'/>
    </serial>
    <controller type='usb' model='none'/>
    <memballoon model='virtio'/>
    <panic model='isa'/>
    ${devices}
  </devices>
</domain>
`;
}

/** All but the console are there to boot faster under emulation. */
const KERNEL_PARAMETERS = [
  'console=ttyS0',
  'quiet',
  'nokaslr',
  'mitigations=off',
  'init_on_alloc=0',
  'apparmor=0',
  'security=none',
  'cryptomgr.notests',
  'no_timer_check',
  '8250.nr_uarts=1',
  'i8042.nokbd',
  'i8042.noaux',
];

function diskParameters(disk: GuestOptions['disk']): string[] {
  if (disk === undefined) return [];
  return ['rapid.disk=vda', ...(disk.pattern === undefined ? [] : [`rapid.pattern=${disk.pattern}`])];
}

function variantParameters(variant: GuestVariant): string[] {
  if (variant === 'obedient') return [];
  if (variant === 'deaf') return ['rapid.deaf'];
  if ('poweroffAfter' in variant) return [`rapid.poweroff_after=${variant.poweroffAfter}`];
  return [`rapid.panic_after=${variant.panicAfter}`];
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll("'", '&apos;');
}
