// What passes between the process and the thread of a libvirt connection. One call is under way per thread at a time.
import type { ErrorClass } from '../../../schemas/error-class.js';
import type { CephSecret, Hypervisor, MigrationTarget } from '../hypervisor.js';

/** What the thread is started with. */
export interface ThreadData {
  uri: string;
  /** The file that holds libvirt, as the dynamic loader finds it. */
  library: string;
  /** Not 0 once nobody waits for the call under way: what was given up must not be sent a second time. */
  abandoned: Int32Array<SharedArrayBuffer>;
}

/**
 * Where a guest is, as far as its hypervisor knows; `moving`: here still, and on its way to another hypervisor; `left`: gone to another one,
 * but for its definition.
 */
export type Whereabouts = 'here' | 'moving' | 'off' | 'left' | 'gone';

/** How a guest looks: `busy` while libvirt has a job of it, `moving` where that is its migration, else where and how it is. */
export type Quiet = 'busy' | 'moving' | `${Whereabouts} ${string}`;

/** What only looks, and is answered soon. `open`: to have a connection that works; which one of the thread's it is. */
export type LookName = 'host' | 'domains' | 'domain' | 'migrationProgress' | 'whereabouts' | 'quiet' | 'open';

/** A call that changes nothing. The argument is the UUID, where it has one. */
export interface LookCall {
  operation: LookName;
  argument: string;
}

/** A call that changes something. The argument is the UUID or the XML, where it has one. */
export type ChangeCall =
  | { operation: Exclude<keyof Hypervisor, LookName | 'migrate' | 'resizeDisk' | 'close'>; argument: string }
  | { operation: 'migrate'; argument: string; target: MigrationTarget }
  | { operation: 'resizeDisk'; argument: string; dev: string; sizeBytes: number }
  | { operation: 'defineCephSecret'; argument: ''; secret: CephSecret };

export type Call =
  | LookCall
  | { operation: 'close'; argument: '' }
  /** Not to be begun once the system's monotonic clock is past that. */
  | (ChangeCall & { notAfterNs: bigint });

export type Answer =
  | { kind: 'value'; value: unknown }
  /** The change came too late and was not begun. */
  | { kind: 'late' }
  /** The connection broke during the change: libvirt may or may not be at it. */
  | { kind: 'broken'; message: string }
  | { kind: 'failure'; errorClass: ErrorClass; message: string }
  | { kind: 'defect'; stack: string };

/** The first message of a thread: its number in the kernel, by which a call that hangs in it can be found. */
export interface Started {
  kind: 'started';
  kernelThreadId: number;
}
