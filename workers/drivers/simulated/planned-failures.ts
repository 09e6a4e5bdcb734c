// Failures that a test has ordered: the next call of a method fails, before it does anything or after it has done it.
import type { NodeHypervisor } from '../hypervisor.js';

export type Method = Exclude<keyof NodeHypervisor, 'close'>;

/** `after`: the call does its work and fails then, as when only its answer is lost. */
type FailureMoment = 'before' | 'after';

export interface PlannedFailures<M extends string = Method> {
  /** The next call of the method, on any node, fails with this error; several are used up in order. */
  failNext: (method: M, error: Error, moment?: FailureMoment) => void;
  /** Runs a call, failing as ordered. */
  around<T>(method: M, call: () => Promise<T>): Promise<T>;
}

export function planFailures<M extends string = Method>(): PlannedFailures<M> {
  const planned: { method: M; error: Error; moment: FailureMoment }[] = [];
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
