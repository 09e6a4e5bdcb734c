// Forgets ended jobs that are too old.
import { prelude } from './shared.js';

/** KEYS: prefix. ARGV: forget what ended more than so many ms ago, at most how many. Answers how many were forgotten. */
export const sweepScript = /* lua */ `
${prelude}
local old = redis.call('ZRANGEBYSCORE', ended, '-inf', now_ms - ARGV[1], 'LIMIT', 0, ARGV[2])
for _, id in ipairs(old) do forget(id) end
return #old
`;
