// Whether an agent of a cluster is in the middle of a call: for stopping it, or who waits for it, right there.
import { keysOf } from '../../src/jobs/keys.js';
import { connectPatiently } from '../../src/jobs/redis.js';
import type { RealCluster } from './real-cluster.js';

export async function isCallBegun({ lab, prefix }: Pick<RealCluster, 'lab' | 'prefix'>, method: string): Promise<boolean> {
  const redis = connectPatiently(lab.redis.url);
  try {
    for (const key of await redis.keys(keysOf(prefix).call('*'))) {
      const [request, beats, answer] = await redis.hmget(key, 'request', 'beats', 'answer');
      if (request != null && beats != null && answer === null && (JSON.parse(request) as { method: string }).method === method) return true;
    }
    return false;
  } finally {
    redis.disconnect();
  }
}
