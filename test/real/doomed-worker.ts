// A program: a worker that dies as a crash does (SIGKILL) at one place of an opcode. The place stands at the beginning of the VM's,
// volume's or pool's name; each kills one worker only, which leaves a file of that name with the time of its death.
//
//   doomed-worker.ts <folder of those files>
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load-config.js';
import { runProcess } from '../../src/process/closing.js';
import { openLog } from '../../src/process/log.js';
import { openCluster } from '../../src/process/open-cluster.js';
import { reachCeph } from '../../workers/composition/reach-ceph.js';
import { reachNodes } from '../../workers/composition/reach-nodes.js';
import { runWorker } from '../../workers/composition/run-worker.js';
import type { OpenCeph } from '../../workers/drivers/ceph.js';
import type { Hypervisors } from '../../workers/drivers/hypervisor.js';
import type { OpcodeDefinition } from '../../workers/engine/opcode.js';
import { opcodes } from '../../workers/opcodes/registry.js';
import type { Place } from './places-to-die.js';
import { redisUrlOf } from '../../src/jobs/redis-address.js';

const graves = process.argv[2] ?? '';

function dieIf(place: Place, vm: string): void {
  if (!vm.startsWith(`${place}-`)) return;
  try {
    writeFileSync(join(graves, vm), String(Date.now()), { flag: 'wx' });
  } catch {
    // Another worker died here: this one is to take the job up.
    return;
  }
  process.kill(process.pid, 'SIGKILL');
}

/** The opcode, deadly in its check and on both sides of each step. `nameIn` finds the VM's name in parameters and facts. */
function doomed(definition: OpcodeDefinition, nameIn: (about: Record<string, unknown>) => unknown): OpcodeDefinition {
  const nameOf = (about: unknown) => String(nameIn(about as Record<string, unknown>));
  return {
    ...definition,
    async check(world, parameters) {
      dieIf('check', nameOf(parameters));
      return await definition.check(world, parameters);
    },
    steps: (facts) =>
      definition.steps(facts).map((step, index) => ({
        ...step,
        async run(context) {
          dieIf(`before${index + 1}` as Place, nameOf(facts));
          const done = await step.run(context);
          dieIf(`after${index + 1}` as Place, nameOf(facts));
          return done;
        },
      })),
  };
}

/** Deadly in the middle of creating a domain: on both sides of starting what was defined. */
function doomedHypervisors(hypervisors: Hypervisors): Hypervisors {
  return {
    async on(node, fence) {
      const hypervisor = await hypervisors.on(node, fence);
      return {
        ...hypervisor,
        async start(uuid) {
          const name = (await hypervisor.domain(uuid))?.name ?? '';
          dieIf('defined', name);
          await hypervisor.start(uuid);
          dieIf('started', name);
        },
      };
    },
  };
}

/** Deadly when Ceph has made a volume or removed a pool. */
const doomedCeph =
  (open: OpenCeph): OpenCeph =>
  (context) => {
    const ceph = open(context);
    return {
      ...ceph,
      async createVolume(name, sizeBytes) {
        await ceph.createVolume(name, sizeBytes);
        dieIf('made', name.volume);
      },
      async removePool(name) {
        await ceph.removePool(name);
        dieIf('removed', name);
      },
    };
  };

const nameInStart = ({ vm, document }: Record<string, unknown>) => vm ?? (document as { name?: string } | undefined)?.name;
const nameInDefine = ({ name }: Record<string, unknown>) => name;

await runProcess(async (closing, signal) => {
  const config = loadConfig();
  const log = openLog(config);
  const { store, cluster } = await openCluster(config, log, closing, signal);
  const { hypervisors, osdHosts } = await reachNodes(config, redisUrlOf(config.redis), cluster, closing);
  const deadly = new Map(
    [...opcodes].map(([id, definition]) => {
      if (id === 'OP_VM_START') return [id, doomed(definition, nameInStart)] as const;
      return [id, id === 'OP_VM_DEFINE' ? doomed(definition, nameInDefine) : definition] as const;
    }),
  );
  const own = { hypervisors: doomedHypervisors(hypervisors), osdHosts, ceph: doomedCeph(reachCeph(config)), opcodes: deadly };
  const parts = { config, redisUrl: redisUrlOf(config.redis), store, cluster, ...own, log };
  return `doomed worker ${await runWorker(parts, closing)} is ready`;
});
