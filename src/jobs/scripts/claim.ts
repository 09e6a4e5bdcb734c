// A worker takes a job, or takes it up again after another worker. The new epoch shuts every earlier runner out.
import { prelude } from './shared.js';

/**
 * KEYS: prefix. ARGV: id, entry, worker. Answers whether the job was parked, the time (seconds, microseconds) and the whole record as a flat
 * list; or nothing when this entry says nothing any more: the job has ended, is parked, or was put in line again since.
 */
export const claimScript = /* lua */ `
${prelude}
local id, entry, worker = unpack(ARGV)
local job = job_key(id)
local status, current, parking = unpack(redis.call('HMGET', job, 'status', 'entry', 'parked'))
if not status or is_final(status) or current ~= entry or parking == '1' then return false end
local epoch = redis.call('HINCRBY', job, 'epoch', 1)
if parking then redis.call('HDEL', job, 'parked') end
if status == 'queued' then
  set_status(id, status, 'waiting', 'worker', worker, 'writes', 0, 'start_ts', now_ts)
else
  redis.call('HSET', job, 'worker', worker, 'writes', 0)
end
tell(id, 'claimed ' .. epoch)
return { parking and 1 or 0, clock[1], clock[2], redis.call('HGETALL', job) }
`;
