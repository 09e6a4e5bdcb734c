// How a job stands in BullMQ's queue, and the Lua that puts it there in the same step as the change that makes it due. What it writes is
// what BullMQ itself would write (a test compares them), without the events, which nobody listens to. Each time that a job is put in line
// is an entry of its own, with a name of its own: so an entry that BullMQ still has to put away is never in the way of the next one.

export const QUEUE_NAME = 'jobs';
/** Jobs that other jobs wait for stand in a queue of their own: else the waiting ones could take every place that these need. */
export const CHILD_QUEUE_NAME = 'child-jobs';
/** BullMQ's version whose layout is written here. */
export const LAYOUT_OF = '6.7.0';
/** BullMQ reserves IDs that are whole numbers for itself. */
const ID_PREFIX = 'r';
/** BullMQ serves 1 first; Ganeti's -20 is the most urgent. */
const FIRST_PRIORITY = 21;

/** A job's place in line: `entry` counts how often it was put there. */
export interface QueueEntry {
  id: number;
  entry: number;
}

export const queueId = ({ id, entry }: QueueEntry): string => `${ID_PREFIX}${id}-${entry}`;

export function entryIn(name: string): QueueEntry {
  const [id, entry] = name.slice(ID_PREFIX.length).split('-').map(Number);
  return { id: id ?? 0, entry: entry ?? 0 };
}

export const queuePriority = (priority: number): number => priority + FIRST_PRIORITY;

/** Defines `enqueue(id)`, which puts a job in line anew, and `queue_of(parent)`. Begins where the prelude ends. */
export const enqueue = /* lua */ `
local function queue_of(parent) return prefix .. (parent and ':${CHILD_QUEUE_NAME}:' or ':${QUEUE_NAME}:') end
local function entry_name(id, entry) return '${ID_PREFIX}' .. id .. '-' .. entry end
local function enqueue(id)
  local priority, parent = unpack(redis.call('HMGET', job_key(id), 'priority', 'parent'))
  local queue, rank = queue_of(parent), priority + ${FIRST_PRIORITY}
  local name = entry_name(id, redis.call('HINCRBY', job_key(id), 'entry', 1))
  redis.call('HSET', queue .. name, 'name', 'job', 'data', 'null', 'opts', '{"priority":' .. rank .. '}',
    'timestamp', now_ms, 'delay', 0, 'priority', rank)
  redis.call('ZADD', queue .. 'prioritized', rank * 0x100000000 + redis.call('INCR', queue .. 'pc') % 0x100000000, name)
  redis.call('ZADD', queue .. 'marker', 0, '0')
  redis.call('ZADD', due, id, id)
end
`;

/** Defines `wake(id)`: a parked job is put in line again. Follows `enqueue`. */
export const waking = /* lua */ `
local function wake(id)
  redis.call('ZREM', parked, id)
  redis.call('HSET', job_key(id), 'parked', '0')
  enqueue(id)
end
`;
