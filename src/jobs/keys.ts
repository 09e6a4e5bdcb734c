// The names of everything that jobs keep in Redis. All begin with one prefix in braces, so that a Redis Cluster keeps them in one slot.

export interface Keys {
  prefix: string;
  /** Hash: the job's record. */
  job(id: number | string): string;
  /** List: the job's events, in order. */
  events(id: number | string): string;
  /** Sorted set by ID: the jobs that carry this mark (`user:alice`, `opcode:OP_VM_START`, `resource:vm/web1`, `status:running`), or all of them (`all`). */
  index(mark: string): string;
  /** Hash, gone when nobody can be waiting for it any more: a call to a node's agent, and its answer. */
  call(id: string): string;
  /** Channel on which the answers to one process's calls are told. */
  answers(caller: string): string;
  /** Channel on which the changes of one job are told, and the job that such a channel is of. */
  changes(id: number): string;
  jobOf(channel: string): number;
  /** Channel on which a worker hears what concerns the jobs that it runs. */
  runner(worker: string): string;
  /** Channel on which one connection hears itself. */
  pulse(listener: string): string;
}

export function keysOf(prefix: string): Keys {
  return {
    prefix,
    job: (id) => `${prefix}:job:${id}`,
    events: (id) => `${prefix}:events:${id}`,
    index: (mark) => `${prefix}:index:${mark}`,
    call: (id) => `${prefix}:call:${id}`,
    answers: (caller) => `${prefix}:answers:${caller}`,
    changes: (id) => `${prefix}:changes:${id}`,
    jobOf: (channel) => Number(channel.slice(channel.lastIndexOf(':') + 1)),
    runner: (worker) => `${prefix}:runner:${worker}`,
    pulse: (listener) => `${prefix}:pulse:${listener}`,
  };
}
