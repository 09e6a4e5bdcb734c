// Failures that a test has ordered: the next call of a method fails, before it does anything or after it has done it; or is not answered.
import type { NodeHypervisor } from '../hypervisor.js';

export type Method = Exclude<keyof NodeHypervisor, 'close' | 'under' | 'doubtOf'>;

/** `after`: the call does its work and fails then, as when only its answer is lost. */
type FailureMoment = 'before' | 'after';

/** A call that the hypervisor does not answer for now. */
export interface PlannedHang {
  /** Lets the hypervisor do it. */
  answer(): void;
}

/** The hangs that a test has ordered. */
export interface PlannedHangs {
  /** The next call of the method, on any node, is given up by who made it, and is done when the hang's `answer` is called. */
  hangNext(method: Method): PlannedHang;
  /** When the call that is being made now is answered; undefined: at once. */
  met(method: Method): Promise<void> | undefined;
}

export function planHangs(): PlannedHangs {
  const planned: { method: Method; answered: Promise<void> }[] = [];
  return {
    hangNext(method) {
      let answer = () => {};
      planned.push({ method, answered: new Promise((resolve) => (answer = resolve)) });
      return { answer };
    },
    met(method) {
      const at = planned.findIndex((hang) => hang.method === method);
      return at < 0 ? undefined : planned.splice(at, 1)[0]?.answered;
    },
  };
}

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
