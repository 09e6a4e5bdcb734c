// The benchmark: what rapid costs, as ratios to floors that are measured in the same run.
//   npm run bench                     everything, as a table
//   npm run bench -- submit latency   these sections
//   npm run bench -- --json           one JSON array on standard output
//   npm run bench -- --profile=FOLDER submit   also a CPU profile of every program that was started; it slows them down
import { availableParallelism, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import type { Figure } from './figure.js';
import { measureCalls } from './sections/calls.js';
import { measureDurable } from './sections/durable.js';
import { measureGrowth } from './sections/growth.js';
import { measureLatency } from './sections/latency.js';
import { measureLocks } from './sections/locks.js';
import { measureRead } from './sections/read.js';
import { measureStart } from './sections/start.js';
import { measureSubmit } from './sections/submit.js';
import { measureThroughput } from './sections/throughput.js';
import { measureWaiters } from './sections/waiters.js';
import { openTheatre, type Stage } from './stage.js';
import { asTable } from './table.js';

const SECTIONS = new Map<string, (stage: Stage) => Promise<Figure[]>>([
  ['submit', measureSubmit],
  ['durable', measureDurable],
  ['latency', measureLatency],
  ['locks', measureLocks],
  ['throughput', measureThroughput],
  ['waiters', measureWaiters],
  ['read', measureRead],
  ['growth', measureGrowth],
  ['start', measureStart],
  ['calls', measureCalls],
]);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false }, profile: { type: 'string' } },
});
const unknown = positionals.filter((name) => !SECTIONS.has(name));
if (unknown.length > 0) {
  process.stderr.write(`no such section: ${unknown.join(', ')}; there are ${[...SECTIONS.keys()].join(', ')}\n`);
  process.exit(2);
}

// Taking turns evens out what others use, but the side with more processes still suffers more from it.
const [load = 0] = loadavg();
if (load > availableParallelism() / 2) {
  process.stderr.write(
    `this machine is busy (load ${load.toFixed(1)} on ${availableParallelism()} cores): the ratios will look worse than they are\n`,
  );
}

const theatre = await openTheatre(values.profile);
let interrupted = false;
const interrupt = () => {
  interrupted = true;
  void theatre.close().then(() => process.exit(130));
};
// Not once: Ctrl-C comes here twice, by itself and through tsx.
process.on('SIGINT', interrupt);
process.on('SIGTERM', interrupt);
try {
  const figures: Figure[] = [];
  for (const [name, measure] of SECTIONS) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    process.stderr.write(`${name} …\n`);
    const stage = await theatre.openStage(name);
    try {
      figures.push(...(await measure(stage)));
    } finally {
      await stage.closing.close();
    }
  }
  process.stdout.write(values.json ? `${JSON.stringify(figures, null, 2)}\n` : asTable(figures));
} catch (error) {
  // A section whose programs are taken from it fails; that is no news then.
  if (!interrupted) throw error;
} finally {
  await theatre.close();
}
