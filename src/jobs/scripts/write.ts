// The runner of a job writes down what it has done. Refused once another runner has claimed the job; repeatable after a lost answer.
import { waking } from './enqueue.js';
import { ending, prelude } from './shared.js';

/**
 * KEYS: prefix. ARGV: id, the claim's token, number of this write, the last number that was answered, status or '', for how many ms to park the job or '', how many ended jobs to keep,
 * number of fields, then name and value of each, then the events (JSON). Answers the time (seconds, microseconds), or nothing when the job
 * belongs to another runner, or to none; or when
 * what was answered is not there any more: then Redis has lost it, and the runner's idea of the job is worth nothing.
 */
export const writeScript = /* lua */ `
${prelude}
${ending}
${waking}
local id, token, number, answered, status, park_ms, keep_count, fields = unpack(ARGV, 1, 8)
local job = job_key(id)
local claim, writes, old, parking = unpack(redis.call('HMGET', job, 'claim', 'writes', 'status', 'parked'))
if claim ~= token or tonumber(writes) < tonumber(answered) then return false end
if tonumber(number) <= tonumber(writes) then return clock end
if is_final(old) or parking then return false end
local first_event = 9 + 2 * fields
-- In parts: Lua passes only so many arguments at a time.
for i = first_event, #ARGV, 1000 do redis.call('RPUSH', events_key(id), unpack(ARGV, i, math.min(i + 999, #ARGV))) end
local stays = status == '' or is_final(status) or old == 'canceling'
set_status(id, old, stays and old or status, 'writes', number, unpack(ARGV, 9, first_event - 1))
if is_final(status) then finish(id, old, status, tonumber(keep_count)) end
if park_ms ~= '' then
  redis.call('ZREM', due, id)
  redis.call('HSET', job, 'parked', '1')
  redis.call('ZADD', parked, now_ms + park_ms, id)
  -- Who cancelled it found a runner, whom it told; this one does not run any more.
  if old == 'canceling' then wake(id) end
end
tell(id, 'written ' .. status)
return clock
`;
