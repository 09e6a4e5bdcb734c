// Failures that a test has ordered: the next call of a method fails, before it does anything or after it has done it.
import type { Hypervisor } from '../hypervisor.js';

export type Method = Exclude<keyof Hypervisor, 'close'>;

/** `after`: the call does its work and fails then, as when only its answer is lost. */
type FailureMoment = 'before' | 'after';

export interface PlannedFailures {
  /** The next call of the method, on any node, fails with this error; several are used up in order. */
  failNext: (method: Method, error: Error, moment?: FailureMoment) => void;
  /** Runs a call, failing as ordered. */
  around<T>(method: Method, call: () => Promise<T>): Promise<T>;
}

export function planFailures(): PlannedFailures {
  const planned: { method: Method; error: Error; moment: FailureMoment }[] = [];
  return {
    failNext(method, error, moment = 'before') {
      planned.push({ method, error, moment });
    },
    async around(method, call) {
      const at = planned.findIndex((failure) => failure.method === method);
      const [failure] = at < 0 ? [] : planned.splice(at, 1);
      if (failure?.moment === 'before') throw failure.error;
      const value = await call();
      if (failure) throw failure.error;
      return value;
    },
  };
}
