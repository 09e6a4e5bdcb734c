// Asks a job to stop: a queued one ends here and now, one that a worker has is told.
import { ending, prelude } from './shared.js';

/** KEYS: prefix. ARGV: id, end_ts (JSON), end in ms, how many ended jobs to keep, event canceled, event canceling (JSON). Answers the status that it found, or nothing. */
export const cancelScript = /* lua */ `
${prelude}
${ending}
local id, end_ts, end_ms, keep_count, canceled, canceling = unpack(ARGV)
local status, priority = unpack(redis.call('HMGET', job_key(id), 'status', 'priority'))
if not status then return false end
if status == 'queued' then
  redis.call('ZREM', undelivered, id .. ':' .. priority)
  redis.call('RPUSH', events_key(id), canceled)
  finish(id, 'canceled', end_ts, end_ms, tonumber(keep_count))
  tell(id, 'written canceled')
elseif status == 'waiting' or status == 'running' then
  redis.call('HSET', job_key(id), 'cancel', '1')
  redis.call('RPUSH', events_key(id), canceling)
  set_status(id, 'canceling')
  tell(id, 'cancel')
end
return status
`;
