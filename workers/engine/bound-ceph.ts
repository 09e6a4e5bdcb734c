// Ceph as an opcode has it: its calls belong to what the opcode does just now, and change something only under the opcode's locks.
import { assertHeld, type LockEntry } from '../../src/cluster/fence.js';
import type { Store } from '../../src/cluster/store.js';
import type { CallContext } from '../drivers/call-context.js';
import { CEPH_CHANGES, type Ceph, type CephMethod, type OpenCeph } from '../drivers/ceph.js';

type Call = (...given: readonly unknown[]) => Promise<unknown>;

const METHODS = Object.keys(CEPH_CHANGES) as CephMethod[];

/** Every call in this context; what a caller adds to it counts first. */
export const boundCeph =
  (open: OpenCeph, context: CallContext): OpenCeph =>
  (more = {}) =>
    open({ ...context, ...more });

/** Each method calls `permit` first when it changes something; what that throws is thrown. */
function guardedCeph(open: OpenCeph, permit: (method: CephMethod, context: CallContext) => Promise<void>): OpenCeph {
  return (context = {}) => {
    const ceph = open(context);
    const guarded = METHODS.filter((method) => CEPH_CHANGES[method]).map((method): [CephMethod, Call] => [
      method,
      async (...given) => {
        await permit(method, context);
        return await (ceph[method] as Call)(...given);
      },
    ]);
    // Every method is there, under its own name, and takes and gives what it did.
    return { ...ceph, ...(Object.fromEntries(guarded) as Partial<Ceph>) };
  };
}

/** Ceph for who holds these entries of locks: right before each change it is asked whether they are still there. Nothing goes on once `until` aborts. */
export const fencedCeph = (open: OpenCeph, store: Store, entries: readonly LockEntry[], until: AbortSignal): OpenCeph =>
  guardedCeph(
    (context = {}) => open({ ...context, entries, signal: joined(context.signal, until) }),
    async (_method, { signal }) => await assertHeld(store, entries, joined(signal, until)),
  );

/** Ceph for who may only look. */
export const lookedAtCeph = (open: OpenCeph): OpenCeph =>
  guardedCeph(open, async (method) => {
    throw new Error(`"${method}" changes Ceph, and a check changes nothing`);
  });

const joined = (signal: AbortSignal | undefined, until: AbortSignal): AbortSignal =>
  signal === undefined ? until : AbortSignal.any([signal, until]);
