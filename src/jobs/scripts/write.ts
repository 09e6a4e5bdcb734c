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
local old, first_event = present[3], 9 + 2 * fields
local stays = status == '' or is_final(status) or old == 'canceling'
set_status(id, old, stays and old or status, 'writes', number, unpack(ARGV, 9, first_event - 1))
-- In parts: Lua passes only so many arguments at a time.
for i = first_event, #ARGV, 1000 do redis.call('RPUSH', events_key(id), unpack(ARGV, i, math.min(i + 999, #ARGV))) end
if is_final(status) then finish(id, old, status, end_ts, end_ms, tonumber(keep_count)) end
tell(id, 'written ' .. status)
return 1
`;
