// The life of a call to a node's agent: one hash, which its caller makes and which goes when nobody can be waiting for it any more. So
// whether a call may be begun is decided here, by one clock, whatever the queue says.

/** KEYS: the call. ARGV: its ID. The agent begins, or begins again: answers the request; nothing when nobody waits for it. */
export const takeCallScript = /* lua */ `
local request, keep_ms, channel, answer = unpack(redis.call('HMGET', KEYS[1], 'request', 'keep_ms', 'channel', 'answer'))
if not request then return false end
if answer then
  redis.call('PUBLISH', channel, ARGV[1] .. ' ' .. answer)
  return false
end
redis.call('HINCRBY', KEYS[1], 'beats', 1)
redis.call('PEXPIRE', KEYS[1], keep_ms)
return request
`;

/** KEYS: the call. The agent is still at it: answers 0 when nobody waits for it any more. */
export const workOnCallScript = /* lua */ `
local keep_ms = redis.call('HGET', KEYS[1], 'keep_ms')
if not keep_ms then return 0 end
redis.call('HINCRBY', KEYS[1], 'beats', 1)
redis.call('PEXPIRE', KEYS[1], keep_ms)
return 1
`;

/** KEYS: the call. ARGV: its ID, the answer. Keeps the answer for a caller who misses the publication. Answers whether anybody waits. */
export const answerCallScript = /* lua */ `
local keep_ms, channel = unpack(redis.call('HMGET', KEYS[1], 'keep_ms', 'channel'))
if not keep_ms then return 0 end
redis.call('HSET', KEYS[1], 'answer', ARGV[2])
redis.call('PEXPIRE', KEYS[1], keep_ms)
redis.call('PUBLISH', channel, ARGV[1] .. ' ' .. ARGV[2])
return 1
`;

/**
 * KEYS: the call. ARGV: 1 to leave it only if it was not begun. The caller waits no longer: from now on the call is not begun, nor begun
 * again. Answers how it was found: waiting, begun, answered (and the answer) or gone.
 */
export const leaveCallScript = /* lua */ `
local keep_ms, beats, answer = unpack(redis.call('HMGET', KEYS[1], 'keep_ms', 'beats', 'answer'))
if not keep_ms then return { 'gone' } end
if beats and not answer and ARGV[1] == '1' then return { 'begun' } end
redis.call('DEL', KEYS[1])
if answer then return { 'answered', answer } end
return { beats and 'begun' or 'waiting' }
`;
