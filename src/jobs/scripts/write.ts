// The runner of a job writes down what it has done. Refused once another runner has claimed the job; repeatable after a lost answer.
import { ending, prelude } from './shared.js';

/**
 * KEYS: prefix. ARGV: id, epoch, number of this write, status or '', end_ts (JSON), end in ms, how many ended jobs to keep, number of
 * fields, then name and value of each, then the events (JSON). Answers 1, or 0 when the job belongs to another runner.
 */
export const writeScript = /* lua */ `
${prelude}
${ending}
local id, epoch, number, status, end_ts, end_ms, keep_count, fields = unpack(ARGV, 1, 8)
local job = job_key(id)
local present = redis.call('HMGET', job, 'epoch', 'writes', 'status')
if present[1] ~= epoch or is_final(present[3]) and tonumber(number) > tonumber(present[2]) then return 0 end
if tonumber(number) <= tonumber(present[2]) then return 1 end
redis.call('HSET', job, 'writes', number, unpack(ARGV, 9, 8 + 2 * fields))
for i = 9 + 2 * fields, #ARGV do redis.call('RPUSH', events_key(id), ARGV[i]) end
if is_final(status) then
  finish(id, status, end_ts, end_ms, tonumber(keep_count))
elseif status ~= '' and not (present[3] == 'canceling' and status ~= 'canceling') then
  set_status(id, status)
end
tell(id, 'written ' .. status)
return 1
`;
