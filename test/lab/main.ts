/** The command that brings the lab up, with an agent on every node, or takes it down: `tsx test/lab/main.ts [up|down]`. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { attachAgent, clusterSettings, type ClusterAddress } from './agent.js';
import { buildRapid } from './build.js';
import { cephSettings } from './ceph-plan.js';
import { configFile, ensureCeph, ensureLab, type Lab, stopLab } from './lab.js';

const progress = (step: string) => process.stderr.write(`lab: ${step}\n`);

async function up(): Promise<void> {
  const begin = performance.now();
  progress('build');
  await buildRapid();
  const lab = await ensureLab({ progress });
  progress('Ceph');
  await ensureCeph(lab);
  progress('agents');
  // Started anew each time: they keep nothing, and the code may be another one.
  await Promise.all(
    lab.nodes.map((node) => attachAgent(node, { cluster: addressOf(lab), dir: join(node.dir, 'agent'), outlive: true }).restart()),
  );
  const yaml = configuration(lab);
  await writeFile(configFile(lab.dir), yaml);
  progress(`up after ${((performance.now() - begin) / 1000).toFixed(1)} s, configuration in ${configFile(lab.dir)}`);
  process.stdout.write(yaml);
}

async function down(): Promise<void> {
  await stopLab({ progress });
  progress('down');
}

const addressOf = ({ redis, zookeeper }: Lab): ClusterAddress => ({ redis: redis.url, zookeeper: zookeeper.connect });

function configuration(lab: Lab): string {
  const comment = ['The nodes of the lab:', ...lab.nodes.map(({ name, uri }) => `  ${name} ${uri}`)];
  return [...comment.map((line) => `# ${line}\n`), stringify({ ...clusterSettings(addressOf(lab)), ...cephSettings(lab.ceph) })].join('');
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
