// The order of every collection.

/** A new list in the order of the names' code units, which is the same on every machine. */
export function sortedByName<T extends { name: string }>(things: Iterable<T>): T[] {
  return [...things].toSorted((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
}
