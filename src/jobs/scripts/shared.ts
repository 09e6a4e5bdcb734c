// Lua that several scripts begin with: the keys (the same names as keys.ts), the clock, and what ending a job means.
// A script is the only way a job's record is changed, so each change is atomic, is dated by Redis, and is told on the channel.
import { enqueue } from './enqueue.js';

export const prelude = /* lua */ `
local prefix = KEYS[1]
local function job_key(id) return prefix .. ':job:' .. id end
local function events_key(id) return prefix .. ':events:' .. id end
local function dependents_key(id) return prefix .. ':dependents:' .. id end
local function index_key(mark) return prefix .. ':index:' .. mark end
local ended, due, parked = prefix .. ':ended', prefix .. ':due', prefix .. ':parked'
-- Those who wait for a job listen to it; whoever runs it, to what is told to its worker.
local function tell(id, what) redis.call('PUBLISH', prefix .. ':changes:' .. id, what) end
local function tell_runner(worker, id, what) redis.call('PUBLISH', prefix .. ':runner:' .. worker, id .. ' ' .. what) end

-- Redis' own clock, the only one that dates records: in milliseconds, and as a timestamp in JSON.
local clock = redis.call('TIME')
local now_ms, now_ts = clock[1] * 1000 + math.floor(clock[2] / 1000), '[' .. clock[1] .. ',' .. clock[2] .. ']'

local function is_final(status) return status == 'canceled' or status == 'success' or status == 'error' end

-- Other fields that change at the same time go into the same write.
local function set_status(id, old, status, ...)
  redis.call('HSET', job_key(id), 'status', status, ...)
  if old == status then return end
  redis.call('ZREM', index_key('status:' .. old), id)
  redis.call('ZADD', index_key('status:' .. status), id, id)
  redis.call('RPUSH', events_key(id), '{"type":"status","at":' .. now_ts .. ',"status":"' .. status .. '"}')
end

local function forget(id)
  for _, mark in ipairs(cjson.decode(redis.call('HGET', job_key(id), 'marks'))) do
    redis.call('ZREM', index_key(mark), id)
  end
  redis.call('ZREM', index_key('all'), id)
  redis.call('ZREM', index_key('status:' .. redis.call('HGET', job_key(id), 'status')), id)
  redis.call('ZREM', ended, id)
  redis.call('DEL', job_key(id), events_key(id), dependents_key(id))
end
`;

/** Ends a job: its dependents learn how, the ones with nothing left to wait for go into the queue, and the oldest ended jobs make room. */
export const ending = /* lua */ `
${enqueue}
local function finish(id, old, status, keep_count)
  set_status(id, old, status, 'end_ts', now_ts)
  -- A job lives as long as its key: from then on it counts as ended.
  redis.call('ZADD', ended, math.max(now_ms, tonumber(redis.call('HGET', job_key(id), 'key_until') or 0)), id)
  redis.call('ZREM', due, id)
  for _, dependent in ipairs(redis.call('SMEMBERS', dependents_key(id))) do
    local dependent_status = redis.call('HGET', job_key(dependent), 'status')
    -- A dependent may have been cancelled and forgotten: writing to it would bring a part of it back.
    if dependent_status then
      redis.call('HSET', job_key(dependent), 'dependency:' .. id, status)
      if redis.call('HINCRBY', job_key(dependent), 'pending', -1) == 0 and dependent_status == 'queued' then enqueue(dependent) end
    end
  end
  redis.call('DEL', dependents_key(id))
  local excess = math.min(redis.call('ZCARD', ended) - keep_count, 4)
  if excess > 0 then
    for _, oldest in ipairs(redis.call('ZRANGEBYSCORE', ended, '-inf', now_ms, 'LIMIT', 0, excess)) do forget(oldest) end
  end
end
`;
