// Steps that work on a VM's domain at its hypervisor. A domain is defined there only while it runs: so the hypervisor remembers why a
// guest ended, and knows nothing of VMs that do not run.
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { isUp, type Hypervisor } from '../drivers/hypervisor.js';
import { pollUntil } from '../engine/interruption.js';
import { step, stepKey, type Step, type StepContext } from '../engine/opcode.js';
import { sight } from './whereabouts.js';

/** What the steps need to know of a VM. */
export interface Domain {
  uuid: string;
  name: string;
  node: string;
  xml: string;
}

const POLL_MS = 500;

/**
 * The domain's hypervisor, to change something there. Not once the signal has aborted: a process that stood still or waited may find
 * that another worker has gone on with the job, and then nothing here is its to change.
 */
async function toChange({ world, signal }: StepContext, { node }: Domain): Promise<Hypervisor> {
  const hypervisor = await world.hypervisors.on(node);
  signal.throwIfAborted();
  return hypervisor;
}

const seen = async ({ world }: StepContext, { node, uuid }: Domain) => await sight(world, node, uuid);
const runs = async (context: StepContext, domain: Domain): Promise<boolean> => isUp(await seen(context, domain));

async function start(context: StepContext, domain: Domain): Promise<void> {
  await (await toChange(context, domain)).define(domain.xml);
  await (await toChange(context, domain)).start(domain.uuid);
}

/** Again, where it ran before. */
async function bringUp(context: StepContext, domain: Domain): Promise<void> {
  if (await runs(context, domain)) return;
  const document = await context.world.vms.find(domain.uuid);
  if (document?.node !== domain.node) {
    throw new ClassifiedError('wrong_state', `VM "${domain.name}" is not on node "${domain.node}" any more: it is not started there`);
  }
  await start(context, domain);
}

async function destroy(context: StepContext, domain: Domain): Promise<void> {
  await (await toChange(context, domain)).destroy(domain.uuid);
}

async function undefine(context: StepContext, domain: Domain): Promise<void> {
  await (await toChange(context, domain)).undefine(domain.uuid);
}

/**
 * Only where the VM has a claim: who has lost it has lost the right to start anything there. A guest that somebody else has started meanwhile
 * is left as it is, also by the undo.
 */
export const createDomain = (domain: Domain): Step =>
  step('create-domain', `create the domain on ${domain.node}`, {
    run: async (context) => {
      if (await runs(context, domain)) return;
      await context.world.claims.noteStarter(domain.node, domain, context.job, context.signal);
      await start(context, domain);
    },
    undo: async (context) => {
      const { [domain.uuid]: claim } = await context.world.claims.on(domain.node);
      if (claim?.started_by !== context.job && (await runs(context, domain))) {
        context.log(`the guest of VM "${domain.name}" was not started by this job; it is left running on ${domain.node}`);
        return;
      }
      await destroy(context, domain);
      await undefine(context, domain);
    },
  });

/** Whether the power had to be cut. */
export const GUEST_SHUT_DOWN = stepKey<boolean>('shut-down-guest');

/** Undone by starting the guest again. */
export const shutDownDomain = (domain: Domain, timeoutS: number): Step =>
  step(GUEST_SHUT_DOWN, `shut the guest down on ${domain.node}`, {
    run: async (context) => {
      const isDown = async () => !(await runs(context, domain));
      // Whoever ran this step before may have cut the power and not lived to say so.
      if (await isDown()) return (await seen(context, domain))?.endReason === 'destroyed';
      await (await toChange(context, domain)).requestShutdown(domain.uuid);
      if (await pollUntil(isDown, POLL_MS, timeoutS * 1000, context.signal)) {
        context.log(`the guest of VM "${domain.name}" has powered off`);
        return false;
      }
      await destroy(context, domain);
      context.log(`the guest of VM "${domain.name}" did not power off within ${timeoutS} s; its power was cut`);
      return true;
    },
    undo: (context) => bringUp(context, domain),
  });

/** Undone by starting the guest again. */
export const destroyDomain = (domain: Domain): Step =>
  step('destroy-domain', `cut the guest's power on ${domain.node}`, {
    run: (context) => destroy(context, domain),
    undo: (context) => bringUp(context, domain),
  });

/** Undone by the undo of the step before, which defines the domain anew. */
export const forgetDomain = (domain: Domain): Step =>
  step('forget-domain', `undefine the domain on ${domain.node}`, { run: (context) => undefine(context, domain) });
