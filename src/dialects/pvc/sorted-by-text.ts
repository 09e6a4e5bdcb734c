// The order of collections whose things are known by more than one name.

/** A new list in the order of the texts' code units. */
export function sortedByText<T>(things: Iterable<T>, textOf: (thing: T) => string): T[] {
  const keyed = [...things].map((thing): [string, T] => [textOf(thing), thing]);
  return keyed.toSorted(([a], [b]) => (a < b ? -1 : Number(a > b))).map(([, thing]) => thing);
}
