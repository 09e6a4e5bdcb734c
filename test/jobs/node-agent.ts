// A process that a test kills: serves a node's calls, and prints each that it begins. `hold` never ends in it, everything else at once.
//
//   node-agent.ts <Redis URL> <prefix> <node>
import { keysOf } from '../../src/jobs/keys.js';
import { serveNodeCalls } from '../../src/jobs/node-service.js';
import { connectPatiently } from '../../src/jobs/redis.js';

const [, , url = '', prefix = '', node = ''] = process.argv;
serveNodeCalls(connectPatiently(url), keysOf(prefix), {
  node,
  async handle({ method }) {
    process.stdout.write(`${method}\n`);
    return method === 'hold' ? await new Promise(() => undefined) : method;
  },
  onFailure: () => undefined,
});
process.stdout.write('ready\n');
