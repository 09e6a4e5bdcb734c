// libvirt's numbers for a domain's state and for why it ended (virDomainState, virDomainShutoffReason), as the port names them.
import type { DomainState, EndReason } from '../hypervisor.js';

const STATES: ReadonlyMap<number, DomainState> = new Map([
  [3, 'paused'], // PAUSED
  [5, 'shutoff'], // SHUTOFF
  [6, 'crashed'], // CRASHED
  [7, 'paused'], // PMSUSPENDED: the guest put itself to sleep and still holds its memory
]);

const SHUTOFF_REASONS: ReadonlyMap<number, EndReason> = new Map([
  [1, 'shutdown'],
  [2, 'destroyed'],
  [3, 'crashed'],
  [4, 'migrated'],
  [6, 'failed'],
  [8, 'failed'], // DAEMON: libvirtd gave it up when it came back and could not take hold of it again
]);

export interface StateSighting {
  state: DomainState;
  endReason?: EndReason;
}

/** NOSTATE, BLOCKED and SHUTDOWN (in the course of it) still run. */
export function stateOf(state: number, reason: number): StateSighting {
  const name = STATES.get(state) ?? 'running';
  if (name === 'crashed') return { state: name, endReason: 'crashed' };
  if (name === 'shutoff') return { state: name, endReason: SHUTOFF_REASONS.get(reason) ?? 'unknown' };
  return { state: name };
}
