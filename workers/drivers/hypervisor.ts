// The port to one hypervisor. libvirt and the simulated one stand behind it; both pass test/contract/hypervisor.ts and migration.ts.
// Every method is repeatable: asked twice, it leaves the world as after once. Errors are ClassifiedError.
//
// Calls about one guest are done one at a time, in the order in which they came: who gets a guest after somebody else finds done what the
// other one had begun. A migration that is under way, which the hypervisor itself shows, lets others pass.
import type { Permit } from '../../src/cluster/permit.js';
import type { LockEntry } from '../../src/cluster/fence.js';

/** What a hypervisor says of itself; sizes in MiB. */
export interface HostFacts {
  cpuCount: number;
  memoryTotalMib: number;
  memoryFreeMib: number;
  /** As `uname -m`: `x86_64`. */
  arch: string;
  libvirtVersion: string;
  /** Empty where the driver has no QEMU behind it. */
  qemuVersion: string;
}

export type DomainState = 'running' | 'paused' | 'shutoff' | 'crashed';

/** Why a domain that is not running ended. `unknown`: the hypervisor has forgotten it or never ran it. */
export type EndReason = 'shutdown' | 'destroyed' | 'crashed' | 'failed' | 'migrated' | 'unknown';

/** A domain as the hypervisor sees it now. */
export interface DomainSighting {
  uuid: string;
  name: string;
  state: DomainState;
  /** Only for `shutoff` and `crashed`. */
  endReason?: EndReason;
  /** Of a domain that is up: what the guest has. */
  memoryMib: number;
  vcpus: number;
}

/** Its guest exists. */
export const isUp = (sighting: DomainSighting | undefined): boolean => sighting?.state === 'running' || sighting?.state === 'paused';

/** Where a guest is to be moved, and how fast. */
export interface MigrationTarget {
  /** The other hypervisor's address, as this hypervisor (not the one who asks) reaches it: `qemu+tcp://hv2/system`. */
  uri: string;
  /** MiB/s; 0: as fast as it goes. */
  bandwidthMibPerS: number;
}

/** How far an outgoing migration is. What the guest changes meanwhile is sent again, so the total may grow. */
export interface MigrationProgress {
  bytesTotal: number;
  bytesProcessed: number;
  bytesRemaining: number;
  /** How long the guest would stand still if it were handed over now; absent while unknown. */
  expectedDowntimeMs?: number;
}

/** What guests show Ceph to be let in. */
export interface CephSecret {
  /** By this their XML names it. */
  uuid: string;
  /** For people who list the secrets of a node. */
  name: string;
  /** As it stands in a keyring; in no message of an error. */
  key: string;
}

export interface Hypervisor {
  host(): Promise<HostFacts>;
  /** All domains that the hypervisor knows, running or not. */
  domains(): Promise<DomainSighting[]>;
  /**
   * One of them by UUID, or undefined. environment_error: it is not seen running, and a call is in doubt that may yet change that (see
   * NodeHypervisor).
   */
  domain(uuid: string): Promise<DomainSighting | undefined>;
  /**
   * Makes the hypervisor know the domain of this XML, or replaces what it knew under its UUID (a running guest is not touched).
   * wrong_input: the hypervisor refuses the XML. already_exists: another UUID has the name.
   */
  define(xml: string): Promise<void>;
  /** Starts a defined domain; fine when it runs already. unknown_entity: not defined. Other classes: the hypervisor could not start it. */
  start(uuid: string): Promise<void>;
  /** Asks the guest to power off (ACPI) and returns at once; fine when it does not run. unknown_entity: not defined. */
  requestShutdown(uuid: string): Promise<void>;
  /** Cuts the guest's power; fine when it does not run or is not known. */
  destroy(uuid: string): Promise<void>;
  /** Makes the hypervisor forget a domain that does not run; fine when it is not known. wrong_state: it runs. */
  undefine(uuid: string): Promise<void>;
  /**
   * Moves a running guest live to the target hypervisor, peer to peer, so that it goes on when the one who asked dies. Resolves when
   * the guest runs there and is unknown here. While a migration of the guest is under way already, waits for that one and ends as it ends.
   * unknown_entity: it does not run here. wrong_state: this guest cannot be migrated live (a host device, a disk that is not shared…);
   * it could be moved cold. already_exists: the target runs that UUID already, or one of UUID and name is another domain's there (what
   * it only defines under both is replaced). environment_error: it failed or was aborted, and the guest runs on here; or the
   * hypervisor no longer answers, and it is not known where the guest runs.
   */
  migrate(uuid: string, target: MigrationTarget): Promise<void>;
  /** How far the guest's outgoing migration is; undefined while none is under way. */
  migrationProgress(uuid: string): Promise<MigrationProgress | undefined>;
  /** Asks the outgoing migration to stop, and returns at once; fine when none is under way. It may still succeed: `migrate` tells. */
  abortMigration(uuid: string): Promise<void>;
  /**
   * Tells a running guest that its disk has that size now, and makes it so if it is smaller; fine when it is told already. `dev` is the
   * disk's target: `vda`. unknown_entity: not defined. wrong_state: it does not run. wrong_input: it has no such disk.
   */
  resizeDisk(uuid: string, dev: string, sizeBytes: number): Promise<void>;
  close(): Promise<void>;
}

/** A call of which it is not known whether the hypervisor is still at it. */
export interface Doubt {
  method: string;
  /** When it was made. */
  since: Date;
}

/**
 * What the process on the node has of its hypervisor.
 *
 * A call that the hypervisor does not answer in time is given up by who made it, and not by the hypervisor: it may be done at any later
 * moment. Until the hypervisor has answered it, or was itself restarted, its guest is in doubt: it is not changed (environment_error),
 * but that its migration may be aborted.
 */
export interface NodeHypervisor extends Hypervisor {
  /** The same hypervisor: each change asks `permit` when it is its guest's turn and nothing is left to be waited for. */
  under(permit: Permit): NodeHypervisor;
  /** Undefined: the guest is not in doubt. */
  doubtOf(uuid: string): Doubt | undefined;
  /** Keeps the secret for the guests, in the place of an earlier one of that UUID. environment_error: it cannot; the name may be another UUID's. */
  defineCephSecret(secret: CephSecret): Promise<void>;
}

export type HypervisorMethod = Exclude<keyof Hypervisor, 'close'>;

/** Which of them change something, and so need a fence; the others only look. */
export const CHANGES = {
  host: false,
  domains: false,
  domain: false,
  define: true,
  start: true,
  requestShutdown: true,
  destroy: true,
  undefine: true,
  migrate: true,
  migrationProgress: false,
  abortMigration: true,
  resizeDisk: true,
} as const satisfies Readonly<Record<HypervisorMethod, boolean>>;

type Look = { [Method in HypervisorMethod]: (typeof CHANGES)[Method] extends false ? Method : never }[HypervisorMethod];

/** What an agent has of it: nothing is changed without a permit. */
export type AgentHypervisor = Pick<NodeHypervisor, Look | 'under' | 'doubtOf'>;

/** The hypervisors of the cluster by node name. unknown_entity: no such node; environment_error: it does not answer. */
export interface Hypervisors {
  /** Without a fence only for looking: what changes something needs one. */
  on(node: string, fence?: Fence): Promise<Hypervisor>;
}

/** In whose name a hypervisor is changed: what an opcode must still hold when its call arrives at the node. */
export interface Fence {
  /** The entries of its locks in the cluster's store; while all are there at these versions, nobody else has those locks. */
  entries: readonly LockEntry[];
  /** Takes back a call that the node has not begun; its reason is thrown then. A call that was begun comes to its end. */
  signal?: AbortSignal;
}
