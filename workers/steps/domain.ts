// Steps that work on a VM's domain at its hypervisor. A domain is defined there only while it runs: so the hypervisor remembers why a
// guest ended, and knows nothing of VMs that do not run.
import { pollUntil } from '../engine/interruption.js';
import { step, type Step, type StepContext } from '../engine/opcode.js';

/** What the steps need to know of a VM. */
export interface Domain {
  uuid: string;
  name: string;
  node: string;
  xml: string;
}

const POLL_MS = 500;

async function isUp({ world }: StepContext, { node, uuid }: Domain): Promise<boolean> {
  const state = (await (await world.hypervisors.on(node)).domain(uuid))?.state;
  return state === 'running' || state === 'paused';
}

async function bringUp(context: StepContext, domain: Domain): Promise<void> {
  if (await isUp(context, domain)) return;
  const hypervisor = await context.world.hypervisors.on(domain.node);
  await hypervisor.define(domain.xml);
  await hypervisor.start(domain.uuid);
}

async function destroy({ world }: StepContext, { node, uuid }: Domain): Promise<void> {
  await (await world.hypervisors.on(node)).destroy(uuid);
}

async function undefine({ world }: StepContext, { node, uuid }: Domain): Promise<void> {
  await (await world.hypervisors.on(node)).undefine(uuid);
}

export const createDomain = (domain: Domain): Step =>
  step(`create the domain on ${domain.node}`, {
    run: (context) => bringUp(context, domain),
    undo: async (context) => {
      await destroy(context, domain);
      await undefine(context, domain);
    },
  });

/** Its result is whether the power had to be cut. Undone by starting the guest again. */
export const shutDownDomain = (domain: Domain, timeoutS: number): Step =>
  step(`shut the guest down on ${domain.node}`, {
    run: async (context) => {
      const hypervisor = await context.world.hypervisors.on(domain.node);
      const isDown = async () => !(await isUp(context, domain));
      if (await isDown()) return false;
      await hypervisor.requestShutdown(domain.uuid);
      if (await pollUntil(isDown, POLL_MS, timeoutS * 1000, context.signal)) {
        context.log(`the guest of VM "${domain.name}" has powered off`);
        return false;
      }
      await hypervisor.destroy(domain.uuid);
      context.log(`the guest of VM "${domain.name}" did not power off within ${timeoutS} s; its power was cut`);
      return true;
    },
    undo: (context) => bringUp(context, domain),
  });

/** Undone by starting the guest again. */
export const destroyDomain = (domain: Domain): Step =>
  step(`cut the guest's power on ${domain.node}`, {
    run: (context) => destroy(context, domain),
    undo: (context) => bringUp(context, domain),
  });

/** Undone by the undo of the step before, which defines the domain anew. */
export const forgetDomain = (domain: Domain): Step =>
  step(`undefine the domain on ${domain.node}`, { run: (context) => undefine(context, domain) });
