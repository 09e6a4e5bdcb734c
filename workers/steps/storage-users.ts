// Who is in the way of what is done to a pool, a volume or a snapshot. A check only looks. A step marks it first: from then on the store
// lets no VM come to need it, so a look after that is the last word.
import type { VmDocument } from '../../src/cluster/vm-documents.js';
import { mayHaveGuest } from '../../src/cluster/vm-states.js';
import { describePart } from '../../src/cluster/storage-users.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import type { StepContext } from '../engine/opcode.js';
import type { World } from '../engine/world.js';

type Documents = Pick<World, 'vms' | 'storage'>;

/** How many VMs an error names. */
const NAMED = 5;

/** The VMs that need the part, running or not. */
const vmsWith = async ({ vms, storage }: Documents, part: string): Promise<VmDocument[]> =>
  await documentsOf(vms, await storage.users.of(part));

/** One may be gone by now. */
async function documentsOf(vms: World['vms'], uuids: readonly string[]): Promise<VmDocument[]> {
  const found = await Promise.all(uuids.map((uuid) => vms.find(uuid)));
  return found.flatMap((document) => (document === undefined ? [] : [document]));
}

/** Those of them that are meant to run, or may do so. */
export const vmsRunningOn = async (world: Documents, part: string): Promise<VmDocument[]> =>
  (await vmsWith(world, part)).filter(mayHaveGuest);

/** Names VMs as errors do. `count`: how many there are, when only some are given. */
function namesOf(vms: readonly VmDocument[], count = vms.length): string {
  const names = vms.map(({ name }) => `"${name}"`).toSorted();
  const shown = names.slice(0, NAMED);
  const more = count > shown.length ? ` and ${count - shown.length} more` : '';
  return `${count === 1 ? 'VM' : 'VMs'} ${shown.join(', ')}${more}`;
}

/** Throws wrong_state when any VM but this one, by UUID, needs the part. */
export async function assertNoVmHas({ vms, storage }: Documents, part: string, but?: string): Promise<void> {
  const others = (await storage.users.of(part)).filter((uuid) => uuid !== but);
  if (others.length === 0) return;
  const names = namesOf(await documentsOf(vms, others.toSorted().slice(0, NAMED)), others.length);
  const holds = part.includes('/') ? 'is a disk of' : 'holds disks of';
  throw new ClassifiedError('wrong_state', `${describePart(part)} ${holds} ${names}`);
}

/** Throws wrong_state when a VM that needs the part is not stopped. */
export async function assertVmsStopped(world: Documents, part: string): Promise<void> {
  const running = await vmsRunningOn(world, part);
  if (running.length === 0) return;
  throw new ClassifiedError('wrong_state', `${describePart(part)} is a disk of ${namesOf(running)}, which must be stopped`);
}

/** Marks the part for this job, and then looks: what `assert` throws takes the mark away again. */
async function marked({ world, job, signal }: StepContext, part: string, what: string, assert: () => Promise<void>): Promise<void> {
  const { users } = world.storage;
  await users.mark(part, { job, what }, signal);
  try {
    await assert();
  } catch (error) {
    // A look that failed proves nothing; the undo takes the mark away, or a repetition looks again.
    if (error instanceof ClassifiedError && error.errorClass === 'wrong_state') await users.unmark(part, { job, signal });
    throw error;
  }
}

/** Until `unmark` no VM comes to need the part. Throws wrong_state when any VM, but the one given, needs it. */
export const markUnused = (context: StepContext, part: string, what: string, but?: string): Promise<void> =>
  marked(context, part, what, () => assertNoVmHas(context.world, part, but));

/** Until `unmark` no VM comes to need the part. Throws wrong_state when a VM that needs it is not stopped. */
export const markAtRest = (context: StepContext, part: string, what: string): Promise<void> =>
  marked(context, part, what, () => assertVmsStopped(context.world, part));

/** Until `unmark` no VM comes to need the part, whoever does already. */
export const markAnyway = (context: StepContext, part: string, what: string): Promise<void> =>
  marked(context, part, what, async () => undefined);

/** The undo; whatever becomes of it, the mark is gone after it: the locks are held still, and nothing else would take it away. */
export const thenUnmark =
  (part: string, undo: (context: StepContext) => Promise<void>) =>
  async (context: StepContext): Promise<void> => {
    try {
      await undo(context);
    } finally {
      await unmark(context, part);
    }
  };

/** Fine when this job has not marked it. */
export const unmark = async ({ world, job, signal }: StepContext, part: string): Promise<void> =>
  await world.storage.users.unmark(part, { job, signal });
