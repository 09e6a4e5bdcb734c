// Parked jobs: they wait for their turn without a worker's place. Whoever parked one keeps its lease alive and wakes it; when that process
// dies, the lease runs out and reconciliation wakes the job.
import { enqueue, waking } from './enqueue.js';
import { prelude } from './shared.js';

/** KEYS: prefix. ARGV: id. Answers 1 when the job was parked and is in line now, 0 when there was nothing to do. */
export const wakeScript = /* lua */ `
${prelude}
${enqueue}
${waking}
if redis.call('HGET', job_key(ARGV[1]), 'parked') ~= '1' then return 0 end
wake(ARGV[1])
return 1
`;

/** KEYS: prefix. ARGV: the lease in ms, then ID and epoch of each job. Answers the IDs of those that their runner has not parked any more. */
export const renewScript = /* lua */ `
${prelude}
local gone = {}
for i = 2, #ARGV, 2 do
  local id = ARGV[i]
  local epoch, parking = unpack(redis.call('HMGET', job_key(id), 'epoch', 'parked'))
  if epoch == ARGV[i + 1] and parking == '1' then
    redis.call('ZADD', parked, now_ms + ARGV[1], id)
  else
    table.insert(gone, tonumber(id))
  end
end
return gone
`;
