// A worker takes a job, or takes it up again after another worker. The new epoch shuts every earlier runner out.
import { prelude } from './shared.js';

/** KEYS: prefix. ARGV: id, worker, start_ts (JSON), event (JSON). Answers the whole record as a flat list, or nothing when there is nothing to run. */
export const claimScript = /* lua */ `
${prelude}
local id, worker, start_ts, event = unpack(ARGV)
local job = job_key(id)
local status = redis.call('HGET', job, 'status')
if not status or is_final(status) then return false end
local epoch = redis.call('HINCRBY', job, 'epoch', 1)
if status == 'queued' then
  set_status(id, status, 'waiting', 'worker', worker, 'writes', 0, 'start_ts', start_ts)
  redis.call('RPUSH', events_key(id), event)
else
  redis.call('HSET', job, 'worker', worker, 'writes', 0)
end
tell(id, 'claimed ' .. epoch)
return redis.call('HGETALL', job)
`;
