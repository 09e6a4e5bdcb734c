/** The command that brings the lab up or takes it down: `tsx test/lab/main.ts [up|down]`. */
import { writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import { configFile, ensureLab, type Lab, stopLab } from './lab.js';

const progress = (step: string) => process.stderr.write(`lab: ${step}\n`);

async function up(): Promise<void> {
  const begin = performance.now();
  const lab = await ensureLab({ progress });
  const yaml = configuration(lab);
  await writeFile(configFile(lab.dir), yaml);
  progress(`up after ${((performance.now() - begin) / 1000).toFixed(1)} s, configuration in ${configFile(lab.dir)}`);
  process.stdout.write(yaml);
}

async function down(): Promise<void> {
  await stopLab({ progress });
  progress('down');
}

function configuration({ redis, zookeeper, nodes }: Lab): string {
  const comment = ['The nodes of the lab:', ...nodes.map(({ name, uri }) => `  ${name} ${uri}`)];
  return [
    ...comment.map((line) => `# ${line}\n`),
    stringify({ redis: { url: redis.url }, cluster: { store: 'zookeeper', zookeeper: zookeeper.connect } }),
  ].join('');
}

const [wish = 'up', ...rest] = process.argv.slice(2);
const commands: Record<string, () => Promise<void>> = { up, down };
const command = rest.length === 0 ? commands[wish] : undefined;
if (command === undefined) {
  process.stderr.write('usage: tsx test/lab/main.ts [up|down]\n');
  process.exitCode = 2;
} else {
  try {
    await command();
  } catch (error) {
    process.stderr.write(`lab: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
