// How a job stands in BullMQ's queue, and the Lua that puts it there in the same step as the change that makes it due. What it writes is
// what BullMQ itself would write (a test compares them), without the events, which nobody listens to.

export const QUEUE_NAME = 'jobs';
/** Jobs that other jobs wait for stand in a queue of their own: else the waiting ones could take every place that these need. */
export const CHILD_QUEUE_NAME = 'child-jobs';
/** BullMQ reserves IDs that are whole numbers for itself. */
const ID_PREFIX = 'r';
/** BullMQ serves 1 first; Ganeti's -20 is the most urgent. */
const FIRST_PRIORITY = 21;

export const queueId = (id: number): string => `${ID_PREFIX}${id}`;
export const jobIdIn = (name: string): number => Number(name.slice(ID_PREFIX.length));
export const queuePriority = (priority: number): number => priority + FIRST_PRIORITY;

/** Defines `enqueue(id, priority, now_ms, queue name if not the usual one)`, for a job that is not in the queue. Begins where the prelude ends. */
export const enqueue = /* lua */ `
local function enqueue(id, priority, now_ms, queue_name)
  local queue, name, rank = prefix .. ':' .. (queue_name or '${QUEUE_NAME}') .. ':', '${ID_PREFIX}' .. id, priority + ${FIRST_PRIORITY}
  redis.call('HSET', queue .. name, 'name', 'job', 'data', 'null', 'opts', '{"priority":' .. rank .. '}',
    'timestamp', now_ms, 'delay', 0, 'priority', rank)
  redis.call('ZADD', queue .. 'prioritized', rank * 0x100000000 + redis.call('INCR', queue .. 'pc') % 0x100000000, name)
  redis.call('ZADD', queue .. 'marker', 0, '0')
end
`;
