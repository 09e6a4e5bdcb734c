// The error of a promise that is awaited later than it may reject.

/** Resolves to what the promise rejects with, or to undefined when it does not. */
export function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}
