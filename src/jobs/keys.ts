// The names of everything that jobs keep in Redis. All begin with one prefix in braces, so that a Redis Cluster keeps them in one slot.

export interface Keys {
  prefix: string;
  /** Hash: the job's record. */
  job(id: number | string): string;
  /** List: the job's events, in order. */
  events(id: number | string): string;
  /** Sorted set by ID: the jobs that carry this mark (`user:alice`, `opcode:OP_VM_START`, `resource:vm/web1`, `status:running`), or all of them (`all`). */
  index(mark: string): string;
  /** Sorted set by ID of `<id>:<priority>`: accepted, and not yet known to be in the queue. */
  undelivered: string;
  /** Channel on which every change of every job is told. */
  channel: string;
}

export function keysOf(prefix: string): Keys {
  return {
    prefix,
    job: (id) => `${prefix}:job:${id}`,
    events: (id) => `${prefix}:events:${id}`,
    index: (mark) => `${prefix}:index:${mark}`,
    undelivered: `${prefix}:undelivered`,
    channel: `${prefix}:changes`,
  };
}
