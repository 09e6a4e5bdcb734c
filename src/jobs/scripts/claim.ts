// A worker takes a job, or takes it up again after another worker. The new epoch shuts every earlier runner out.
import { prelude } from './shared.js';

/**
 * KEYS: prefix. ARGV: id, entry, worker, a token that no other claim has. Answers the time (seconds, microseconds) and the whole record as a flat
 * list; or nothing when this entry says nothing any more: the job has ended, is parked, or was put in line again since.
 */
export const claimScript = /* lua */ `
${prelude}
local id, entry, worker, token = unpack(ARGV)
local job = job_key(id)
local status, current, parking, claim, before = unpack(redis.call('HMGET', job, 'status', 'entry', 'parked', 'claim', 'worker'))
if not status or is_final(status) or current ~= entry or parking == '1' then return false end
-- Sent again after its answer was lost, a claim is the same one.
if claim ~= token then
  local epoch = redis.call('HINCRBY', job, 'epoch', 1)
  redis.call('HSET', job, 'claim', token, 'worker', worker, 'writes', 0, 'was_parked', parking and 1 or 0)
  if parking then redis.call('HDEL', job, 'parked') end
  if status == 'queued' then set_status(id, status, 'waiting', 'start_ts', now_ts) end
  if before then tell_runner(before, id, 'claimed ' .. epoch) end
  tell(id, 'claimed')
end
return { clock[1], clock[2], redis.call('HGETALL', job) }
`;
