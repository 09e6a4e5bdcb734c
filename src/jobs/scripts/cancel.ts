// Asks a job to stop: a queued one ends here and now, one that a worker has is told.
import { ending, prelude } from './shared.js';

/** KEYS: prefix. ARGV: id, end_ts (JSON), end in ms, how many ended jobs to keep, event canceled, event canceling (JSON). Answers the status that it found, or nothing. */
export const cancelScript = /* lua */ `
${prelude}
${ending}
local id, end_ts, end_ms, keep_count, canceled, canceling = unpack(ARGV)
local status = redis.call('HGET', job_key(id), 'status')
if not status then return false end
if status == 'queued' then
  redis.call('RPUSH', events_key(id), canceled)
  finish(id, status, 'canceled', end_ts, end_ms, tonumber(keep_count))
  tell(id, 'written canceled')
elseif status == 'waiting' or status == 'running' then
  redis.call('RPUSH', events_key(id), canceling)
  set_status(id, status, 'canceling', 'cancel', '1')
  tell(id, 'cancel')
end
return status
`;
