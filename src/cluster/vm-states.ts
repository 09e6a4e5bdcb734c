// What each state of a VM means. A state is what the cluster intends; what really runs the agents report.
import type { VmState } from '../../schemas/resources/vm.js';

interface Meaning {
  /** A guest may exist on its node, and on the node that it is on its way to: it counts to what they hold. Otherwise the VM is at rest. */
  mayHaveGuest: boolean;
  /** Whoever finds it down starts it again. */
  shouldRun: boolean;
}

const MEANINGS: Readonly<Record<VmState, Meaning>> = {
  start: { mayHaveGuest: true, shouldRun: true },
  restart: { mayHaveGuest: true, shouldRun: true },
  migrate: { mayHaveGuest: true, shouldRun: true },
  shutdown: { mayHaveGuest: true, shouldRun: false },
  stop: { mayHaveGuest: false, shouldRun: false },
  disable: { mayHaveGuest: false, shouldRun: false },
  fail: { mayHaveGuest: false, shouldRun: false },
};

interface InState {
  state: VmState;
}

export const mayHaveGuest = ({ state }: InState): boolean => MEANINGS[state].mayHaveGuest;
export const shouldRun = ({ state }: InState): boolean => MEANINGS[state].shouldRun;
