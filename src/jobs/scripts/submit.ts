// Accepts jobs: one atomic step from nothing to durable records and, if nothing holds a job back, its place in the queue. All or none.
import { enqueue } from './enqueue.js';
import { prelude } from './shared.js';

/**
 * How many numbers are left out when a replica has become the master, or a process knows of a number that this Redis does not: so many
 * jobs may have been accepted and lost again, and none of their numbers is given a second time.
 */
const GAP = 10_000;

/**
 * KEYS: prefix. ARGV: the highest job ID that this process was ever answered, idempotency key or '', request digest, idempotency seconds,
 * the message for the client, parent or '', the epoch in which the parent is run, the parent's field for this child, number of jobs; then of
 * each its spec (JSON), priority, marks (JSON list), number of dependencies and the dependencies: IDs, or negative numbers that count back
 * within this submission.
 * Answers {'accepted' | 'repeated', message, IDs…}, {'reused', '', IDs…}, {'missing', '', dependency} or {'lost', '', parent}: somebody else
 * runs the parent, or it has ended.
 */
export const submitScript = /* lua */ `
${prelude}
${enqueue}
local seen, idempotency, digest, remember, message, parent, epoch, child, count = unpack(ARGV, 1, 9)
if idempotency ~= '' then
  idempotency = prefix .. ':idempotency:' .. idempotency
  local known = redis.call('HMGET', idempotency, 'ids', 'digest', 'message')
  if known[1] then return { known[2] == digest and 'repeated' or 'reused', known[3], unpack(cjson.decode(known[1])) } end
end

if parent ~= '' then
  local present = redis.call('HMGET', job_key(parent), 'epoch', 'status', child, 'parked')
  if present[1] ~= epoch or is_final(present[2]) or present[4] then return { 'lost', '', tonumber(parent) } end
  if present[3] then return { 'repeated', '', tonumber(present[3]) } end
end

local jobs, at = {}, 10
for number = 1, tonumber(count) do
  local job = { spec = ARGV[at], priority = ARGV[at + 1], marks = ARGV[at + 2], dependencies = {} }
  for i = at + 4, at + 3 + ARGV[at + 3] do
    local dependency = tonumber(ARGV[i])
    if dependency >= 0 and redis.call('EXISTS', job_key(dependency)) == 0 then return { 'missing', '', dependency } end
    table.insert(job.dependencies, dependency)
  end
  at = at + 4 + ARGV[at + 3]
  jobs[number] = job
end

-- A replica that was promoted names the master that it followed, and may lack what that one had answered.
local last_id, ledger = prefix .. ':last-id', prefix .. ':ledger'
local replication = redis.call('INFO', 'replication')
local own, followed = replication:match('master_replid:(%w+)'), replication:match('master_replid2:(%w+)')
local known = redis.call('HGET', ledger, 'replid')
if known ~= own then
  redis.call('HSET', ledger, 'replid', own)
  if known == followed then redis.call('INCRBY', last_id, ${GAP}) end
end
if tonumber(redis.call('GET', last_id) or 0) < tonumber(seen) then redis.call('SET', last_id, seen + ${GAP}) end
local first = redis.call('INCRBY', last_id, count) - count + 1

local ids = {}
for number, job in ipairs(jobs) do
  local id = first + number - 1
  ids[number] = id
  redis.call('HSET', job_key(id), 'spec', job.spec, 'priority', job.priority, 'received_ts', now_ts, 'marks', job.marks, 'status', 'queued')
  redis.call('ZADD', index_key('all'), id, id)
  redis.call('ZADD', index_key('status:queued'), id, id)
  for _, mark in ipairs(cjson.decode(job.marks)) do redis.call('ZADD', index_key(mark), id, id) end
  if idempotency ~= '' then redis.call('HSET', job_key(id), 'key_until', now_ms + remember * 1000) end
  if parent ~= '' then
    redis.call('HSET', job_key(id), 'parent', parent)
    redis.call('HSET', job_key(parent), child, id)
    tell(parent, 'written ')
  end

  local pending, met, resolved = 0, {}, {}
  for i, given in ipairs(job.dependencies) do
    local dependency = given < 0 and id + given or given
    resolved[i] = dependency
    if not met[dependency] then
      met[dependency] = true
      local status = redis.call('HGET', job_key(dependency), 'status')
      if is_final(status) then
        redis.call('HSET', job_key(id), 'dependency:' .. dependency, status)
      else
        redis.call('SADD', dependents_key(dependency), id)
        pending = pending + 1
      end
    end
  end
  if #resolved > 0 then redis.call('HSET', job_key(id), 'dependencies', cjson.encode(resolved), 'pending', pending) end
  if pending == 0 then enqueue(id) end
end
if idempotency ~= '' then
  redis.call('HSET', idempotency, 'ids', cjson.encode(ids), 'digest', digest, 'message', message)
  redis.call('PEXPIREAT', idempotency, now_ms + remember * 1000)
end
return { 'accepted', message, unpack(ids) }
`;
