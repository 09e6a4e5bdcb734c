// The queue of one lock, as the names of its entries tell it: who holds, who waits, and for whom. Pure.

/** `slot`: at most so many holders at once. */
export type LockMode = 'exclusive' | 'shared' | 'slot';

export interface QueueEntry {
  /** The node's name. */
  name: string;
  mode: LockMode;
  /** How many may hold at once, for mode `slot`. */
  slots: number;
  /** The order of arrival. */
  number: number;
}

const letters: Record<LockMode, string> = { exclusive: 'x', shared: 's', slot: 'n' };
const entryName = /^([xsn])(\d*)-.*?(\d{10})$/;

/** The name for a new entry's node, before its number; `id` makes it unique. */
export function nameEntry(mode: LockMode, slots: number, id: string): string {
  return `${letters[mode]}${mode === 'slot' ? slots : ''}-${id}-`;
}

/** The opcode of a job that an entry belongs to, by the entry's name alone. */
export interface EntryOwner {
  job: number;
  /** Which of the job's opcodes, from 0. */
  op: number;
  /** Tells the job from one of the same number in a ledger that was begun anew; letters and digits. */
  born: string;
}

const ownedName = /^[xsn]\d*-(\d+)\.(\d+)\.([0-9a-z]+)-\d{10}$/;

/** What makes the names of an owner's entries; nobody else's have it. */
export const ownerId = ({ job, op, born }: EntryOwner): string => `${job}.${op}.${born}`;

/** Undefined for the entry of an agent. */
export function ownerOf(name: string): EntryOwner | undefined {
  const [, job, op, born] = ownedName.exec(name) ?? [];
  return born === undefined ? undefined : { job: Number(job), op: Number(op), born };
}

function parseEntry(name: string): QueueEntry | undefined {
  const [, letter, slots, number] = entryName.exec(name) ?? [];
  if (letter === undefined) return undefined;
  const mode = letter === 'x' ? 'exclusive' : letter === 's' ? 'shared' : 'slot';
  return { name, mode, slots: Number(slots || 1), number: Number(number) };
}

/** The entries in order of arrival. */
export function orderQueue(names: Iterable<string>): QueueEntry[] {
  const entries: QueueEntry[] = [];
  for (const name of names) {
    const entry = parseEntry(name);
    if (entry) entries.push(entry);
  }
  return entries.toSorted((one, other) => one.number - other.number);
}

/**
 * The entries before this one whose leaving it must hear of; none when it holds. No more entries than it must be: an exclusive one
 * watches the one before it, a shared one the last before it that is not shared. One of `slots` watches the last `slots` before it:
 * at least one of these is among any departures that are enough to let it in, and each entry is watched by few.
 */
export function blockersOf(queue: readonly QueueEntry[], index: number): QueueEntry[] {
  const entry = queue[index];
  if (!entry) return [];
  const earlier = queue.slice(0, index);
  if (entry.mode === 'exclusive') return earlier.slice(-1);
  if (entry.mode === 'shared') return earlier.filter(({ mode }) => mode !== 'shared').slice(-1);
  return earlier.length < entry.slots ? [] : earlier.slice(-entry.slots);
}
