// Accepts a job: one atomic step from nothing to a durable record and, if nothing holds the job back, its place in the queue.
import { enqueue } from './enqueue.js';
import { prelude } from './shared.js';

/**
 * KEYS: prefix. ARGV: spec (JSON), priority, marks (JSON list), idempotency key or '', request digest, idempotency seconds, parent or '', the
 * epoch in which the parent is run, the parent's field for this child, dependency IDs (negative: relative to the new ID).
 * Answers {'accepted' | 'repeated', id}, {'reused', id}, {'missing', dependency} or {'lost', parent}: somebody else runs the parent, or it has ended.
 */
export const submitScript = /* lua */ `
${prelude}
${enqueue}
local spec, priority, marks, idempotency, digest, remember, parent, epoch, child = unpack(ARGV, 1, 9)
if idempotency ~= '' then
  idempotency = prefix .. ':idempotency:' .. idempotency
  local known = redis.call('HMGET', idempotency, 'id', 'digest')
  if known[1] then
    return { known[2] == digest and 'repeated' or 'reused', tonumber(known[1]) }
  end
end

if parent ~= '' then
  local present = redis.call('HMGET', job_key(parent), 'epoch', 'status', child, 'parked')
  if present[1] ~= epoch or is_final(present[2]) or present[4] then return { 'lost', tonumber(parent) } end
  if present[3] then return { 'repeated', tonumber(present[3]) } end
end

local last_id = prefix .. ':last-id'
local dependencies = {}
for i = 10, #ARGV do
  local dependency = tonumber(ARGV[i])
  if dependency < 0 then dependency = tonumber(redis.call('GET', last_id) or '0') + 1 + dependency end
  if redis.call('EXISTS', job_key(dependency)) == 0 then return { 'missing', dependency } end
  table.insert(dependencies, dependency)
end

local id = redis.call('INCR', last_id)
redis.call('HSET', job_key(id), 'spec', spec, 'priority', priority, 'received_ts', now_ts, 'marks', marks, 'status', 'queued')
redis.call('ZADD', index_key('all'), id, id)
redis.call('ZADD', index_key('status:queued'), id, id)
for _, mark in ipairs(cjson.decode(marks)) do redis.call('ZADD', index_key(mark), id, id) end
if idempotency ~= '' then
  redis.call('HSET', idempotency, 'id', id, 'digest', digest)
  redis.call('EXPIRE', idempotency, remember)
end
if parent ~= '' then
  redis.call('HSET', job_key(id), 'parent', parent)
  redis.call('HSET', job_key(parent), child, id)
  tell(parent, 'written ')
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
if pending == 0 then enqueue(id) end
return { 'accepted', id }
`;
