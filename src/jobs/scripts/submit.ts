// Accepts a job: one atomic step from nothing to a durable record that is waiting to be delivered to the queue.
import { prelude } from './shared.js';

/**
 * KEYS: prefix. ARGV: spec (JSON), priority, received_ts (JSON), marks (JSON list), idempotency key or '', request digest,
 * idempotency seconds, dependency IDs (negative: relative to the new ID).
 * Answers {'due' | 'held' (by its dependencies) | 'repeated', id}, {'reused', id} or {'missing', dependency}.
 */
export const submitScript = /* lua */ `
${prelude}
local spec, priority, received, marks, idempotency, digest, remember = unpack(ARGV, 1, 7)
if idempotency ~= '' then
  idempotency = prefix .. ':idempotency:' .. idempotency
  local known = redis.call('HMGET', idempotency, 'id', 'digest')
  if known[1] then
    return { known[2] == digest and 'repeated' or 'reused', tonumber(known[1]) }
  end
end

local id = tonumber(redis.call('GET', prefix .. ':last-id') or '0') + 1
local dependencies = {}
for i = 8, #ARGV do
  local dependency = tonumber(ARGV[i])
  if dependency < 0 then dependency = id + dependency end
  if redis.call('EXISTS', job_key(dependency)) == 0 then return { 'missing', dependency } end
  table.insert(dependencies, dependency)
end

redis.call('SET', prefix .. ':last-id', id)
redis.call('HSET', job_key(id), 'spec', spec, 'priority', priority, 'received_ts', received, 'marks', marks, 'status', 'queued')
redis.call('ZADD', index_key('all'), id, id)
redis.call('ZADD', index_key('status:queued'), id, id)
for _, mark in ipairs(cjson.decode(marks)) do redis.call('ZADD', index_key(mark), id, id) end
if idempotency ~= '' then
  redis.call('HSET', idempotency, 'id', id, 'digest', digest)
  redis.call('EXPIRE', idempotency, remember)
end

local pending, seen = 0, {}
for _, dependency in ipairs(dependencies) do
  if not seen[dependency] then
    seen[dependency] = true
    local status = redis.call('HGET', job_key(dependency), 'status')
    if is_final(status) then
      redis.call('HSET', job_key(id), 'dependency:' .. dependency, status)
    else
      redis.call('SADD', dependents_key(dependency), id)
      pending = pending + 1
    end
  end
end
if #dependencies > 0 then
  redis.call('HSET', job_key(id), 'dependencies', cjson.encode(dependencies), 'pending', pending)
end
if pending > 0 then return { 'held', id } end
redis.call('ZADD', undelivered, id, id .. ':' .. priority)
return { 'due', id }
`;
