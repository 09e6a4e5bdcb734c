// The port to one hypervisor. libvirt and the simulated one stand behind it; both pass test/contract/hypervisor.ts.
// Every method is repeatable: asked twice, it leaves the world as after once. Errors are ClassifiedError.

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
  memoryMib: number;
  vcpus: number;
}

export interface Hypervisor {
  host(): Promise<HostFacts>;
  /** All domains that the hypervisor knows, running or not. */
  domains(): Promise<DomainSighting[]>;
  /** One of them by UUID, or undefined. */
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
  close(): Promise<void>;
}

/** The hypervisors of the cluster by node name. unknown_entity: no such node; environment_error: it does not answer. */
export interface Hypervisors {
  on(node: string): Promise<Hypervisor>;
}
