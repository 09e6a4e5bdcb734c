// Asks a job to stop: a queued one ends here and now, a parked one is put in line for its end, one that a worker has is told.
import { waking } from './enqueue.js';
import { ending, prelude } from './shared.js';

/** KEYS: prefix. ARGV: id, how many ended jobs to keep. Answers the status that it found, or nothing. */
export const cancelScript = /* lua */ `
${prelude}
${ending}
${waking}
local id, keep_count = unpack(ARGV)
local status, parking, worker = unpack(redis.call('HMGET', job_key(id), 'status', 'parked', 'worker'))
if not status then return false end
if status == 'queued' then
  finish(id, status, 'canceled', tonumber(keep_count))
  tell(id, 'written canceled')
elseif status == 'waiting' or status == 'running' then
  set_status(id, status, 'canceling', 'cancel', '1')
  if parking == '1' then wake(id) end
  tell_runner(worker, id, 'cancel')
  tell(id, 'written canceling')
end
return status
`;
