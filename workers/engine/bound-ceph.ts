// Ceph as an opcode has it: its calls belong to what the opcode does just now, and change something only under the opcode's locks.
import { assertHeld, type LockEntry } from '../../src/cluster/fence.js';
import type { Store } from '../../src/cluster/store.js';
import type { CallContext } from '../drivers/call-context.js';
import { CEPH_CHANGES, type Ceph, type CephMethod, type OpenCeph } from '../drivers/ceph.js';

type Call = () => Promise<never>;

const METHODS = Object.keys(CEPH_CHANGES) as CephMethod[];

/** Every call in this context; what a caller adds to it counts first. */
export const boundCeph =
  (open: OpenCeph, context: CallContext): OpenCeph =>
  (more = {}) =>
    open({ ...context, ...more });

/** Ceph for who holds these entries of locks: right before each command that changes something it is asked whether they are still there. Nothing goes on once `until` aborts. */
export const fencedCeph =
  (open: OpenCeph, store: Store, entries: readonly LockEntry[], until: AbortSignal): OpenCeph =>
  (context = {}) => {
    const signal = joined(context.signal, until);
    return open({ ...context, entries, signal, permit: () => assertHeld(store, entries, signal) });
  };

/** Ceph for who may only look. */
export const lookedAtCeph =
  (open: OpenCeph): OpenCeph =>
  (context = {}) => {
    const refused = METHODS.filter((method) => CEPH_CHANGES[method]).map((method): [CephMethod, Call] => [
      method,
      async () => {
        throw new Error(`"${method}" changes Ceph, and a check changes nothing`);
      },
    ]);
    // Every method is there, under its own name.
    return { ...open(context), ...(Object.fromEntries(refused) as Partial<Ceph>) };
  };

const joined = (signal: AbortSignal | undefined, until: AbortSignal): AbortSignal =>
  signal === undefined ? until : AbortSignal.any([signal, until]);
