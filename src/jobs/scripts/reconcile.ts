// What is due stands in a set of our own; BullMQ's entries are hints. This compares the two, and wakes parked jobs whose lease has run out.
import { enqueue, waking } from './enqueue.js';
import { prelude } from './shared.js';

/**
 * KEYS: prefix. ARGV: who asks, for how many ms it alone does this, the last ID that was looked at, at most how many to look at. Answers the
 * last ID of this part, 0 when it was the last part; nothing when another process does this at present.
 */
export const reconcileScript = /* lua */ `
${prelude}
${enqueue}
${waking}
local who, lease_ms, after, most = unpack(ARGV)
local keeper = prefix .. ':reconciler'
local present = redis.call('GET', keeper)
if present and present ~= who then return false end
redis.call('SET', keeper, who, 'PX', lease_ms)

for _, id in ipairs(redis.call('ZRANGEBYSCORE', parked, '-inf', now_ms, 'LIMIT', 0, most)) do wake(id) end

local function is_in_line(queue, name)
  if redis.call('EXISTS', queue .. name) == 0 then return false end
  return redis.call('ZSCORE', queue .. 'prioritized', name) or redis.call('EXISTS', queue .. name .. ':lock') == 1
    or redis.call('LPOS', queue .. 'active', name) or redis.call('LPOS', queue .. 'wait', name)
end
local ids = redis.call('ZRANGEBYSCORE', due, '(' .. after, '+inf', 'LIMIT', 0, most)
for _, id in ipairs(ids) do
  local entry, parent = unpack(redis.call('HMGET', job_key(id), 'entry', 'parent'))
  local queue, name = queue_of(parent), entry_name(id, entry)
  if not is_in_line(queue, name) then
    redis.call('DEL', queue .. name)
    enqueue(id)
  end
end
return #ids == tonumber(most) and tonumber(ids[#ids]) or 0
`;
