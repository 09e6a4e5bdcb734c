// Node calls for a test: callers, and agents whose answers the test decides, over the file's Redis under a prefix of the test's own.
import { randomUUID } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { keysOf, type Keys } from '../../src/jobs/keys.js';
import { openNodeCalls, type NodeCalls } from '../../src/jobs/node-calls.js';
import { serveNodeCalls, type CallHandler, type NodeService } from '../../src/jobs/node-service.js';
import { connectPatiently, type Redis } from '../../src/jobs/redis.js';
import { createClosing } from '../../src/process/closing.js';

export interface NodesUnderTest {
  keys: Keys;
  /** For looking behind it. */
  redis: Redis;
  /** `listenerUrl`: where it hears answers, if not at the file's Redis itself. */
  openCaller(listenerUrl?: string): Promise<NodeCalls>;
  serve(node: string, handle: CallHandler): NodeService;
}

/** Everything is closed when the test ends. */
export function nodesUnderTest(redisUrl: string): NodesUnderTest {
  const closing = createClosing();
  onTestFinished(() => closing.close());
  const connect = (url = redisUrl) => {
    const redis = connectPatiently(url);
    closing.add(() => redis.disconnect());
    return redis;
  };
  const keys = keysOf(`{test-${randomUUID()}}`);
  return {
    keys,
    redis: connect(),
    async openCaller(listenerUrl) {
      const calls = await openNodeCalls(connect(), connect(listenerUrl), keys);
      closing.add(() => calls.close());
      return calls;
    },
    serve(node, handle) {
      const service = serveNodeCalls(connect(), keys, { node, handle, onFailure: () => undefined });
      closing.add(() => service.close());
      return service;
    },
  };
}
