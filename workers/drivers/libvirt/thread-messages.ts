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

/** Where a guest is, as far as its hypervisor knows; `moving`: here still, and on its way to another hypervisor. */
export type Whereabouts = 'here' | 'moving' | 'off' | 'gone';

/** What is answered soon: the port's operations but `migrate`; `open`: to have a connection, no more; `whereabouts`. */
export type OperationName = Exclude<keyof Hypervisor, 'migrate' | 'resizeDisk' | 'close'> | 'open' | 'whereabouts';

/** One call. The argument is the UUID or the XML, where the operation has one. */
export type Call =
  | { operation: OperationName | 'close'; argument: string }
  | { operation: 'migrate'; argument: string; target: MigrationTarget }
  | { operation: 'resizeDisk'; argument: string; dev: string; sizeBytes: number }
  | { operation: 'defineCephSecret'; argument: ''; secret: CephSecret };

export type Answer =
  | { kind: 'value'; value: unknown }
  | { kind: 'failure'; errorClass: ErrorClass; message: string }
  | { kind: 'defect'; stack: string };

/** The first message of a thread: its number in the kernel, by which a call that hangs in it can be found. */
export interface Started {
  kind: 'started';
  kernelThreadId: number;
}
