// The step that moves many VMs, each by a job of its own, a few at a time. What moved stays moved when the rest is cancelled.
import type { Static } from 'typebox';
import type { JobRecord, Opcode } from '../../schemas/job.js';
import type { NodeVms } from '../../schemas/opcodes/node-result.js';
import type { Vm } from '../../schemas/resources/vm.js';
import type { VmDocument } from '../../src/cluster/vm-documents.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { pollUntil } from '../engine/interruption.js';
import { step, stepKey, type Step, type StepContext } from '../engine/opcode.js';
import type { World } from '../engine/world.js';
import { byName, type PlannedVm } from '../placement/plan-moves.js';

export type MovedVm = Static<typeof NodeVms>['vms'][number];

export type Candidate = Pick<Vm, 'uuid' | 'name' | 'node' | 'last_node' | 'target_node' | 'state'>;

export interface Moving {
  /** The VMs that there may be to move now, without those that are known already. */
  find(world: World, known: ReadonlySet<string>): Promise<Candidate[]>;
  /** Whether the VM is one of those, as it stands now. */
  isMeant(vm: Candidate): boolean;
  /** Whether it will be one of those soon; it is waited for. */
  isComing?(vm: Candidate): boolean;
  /** Whether it has arrived. */
  hasMoved(vm: VmDocument): boolean;
  /** What moves it. */
  opcode(uuid: string): Opcode;
  atATime: number;
}

const LOOK_AGAIN_MS = 500;
const FOR_EVER_MS = Infinity;

/** What became of each VM: of those that the check had found, and of those that came in later. */
export const VMS_MOVED = stepKey<MovedVm[]>('move-vms');

export const moveVms = (name: string, planned: PlannedVm[], moving: Moving): Step =>
  step(VMS_MOVED, name, { run: async (context) => await moveAll(context, planned, moving) });

async function moveAll(context: StepContext, planned: PlannedVm[], moving: Moving): Promise<MovedVm[]> {
  const ended = new Map<string, MovedVm>();
  // Those that an earlier run of this step has begun with are among them: they are asked for again, and not moved again.
  const known = new Set([...context.children().keys(), ...planned.map(({ uuid }) => uuid)]);
  const waiting = [...known];
  const names = new Map(planned.map(({ uuid, name }) => [uuid, name]));

  const next = async (): Promise<string | undefined> => {
    for (const vm of waiting.length === 0 ? await moving.find(context.world, known) : []) {
      if (known.has(vm.uuid) || !moving.isMeant(vm)) continue;
      known.add(vm.uuid);
      names.set(vm.uuid, vm.name);
      waiting.push(vm.uuid);
    }
    return waiting.shift();
  };
  const work = async () => {
    for (let uuid = await next(); uuid !== undefined; uuid = await next()) {
      ended.set(uuid, await moveOne(context, uuid, names.get(uuid) ?? uuid, moving));
      context.progress(ended.size / known.size, { done: ended.size, total: known.size });
    }
  };
  const findComing = async () => {
    const found = moving.isComing === undefined ? [] : await moving.find(context.world, known);
    return found.filter((vm) => moving.isComing?.(vm) === true);
  };
  for (;;) {
    const workers = await Promise.allSettled(Array.from({ length: moving.atATime }, work));
    for (const worker of workers) if (worker.status === 'rejected') throw worker.reason;
    const coming = await findComing();
    if (coming.length === 0) return byName(ended.values());
    for (const vm of coming) context.log(`waits for VM "${vm.name}", which is on its way here`);
    await pollUntil(async () => (await findComing()).length === 0, LOOK_AGAIN_MS, FOR_EVER_MS, context.signal);
  }
}

async function moveOne(context: StepContext, uuid: string, knownName: string, moving: Moving): Promise<MovedVm> {
  const { world, log } = context;
  const before = await world.vms.find(uuid);
  const begun = context.children().get(uuid);
  // It left without any help since the check.
  if (begun === undefined && (before === undefined || !moving.isMeant(before))) {
    return { uuid, name: before?.name ?? knownName, job: null, node: before?.node ?? '', error: null };
  }
  const failure = await failureOf(context, uuid, moving);
  const after = await world.vms.find(uuid);
  const name = after?.name ?? before?.name ?? knownName;
  const job = context.children().get(uuid) ?? null;
  const error = failure === null || (after !== undefined && moving.hasMoved(after)) ? null : failure;
  const node = after?.node ?? '';
  log(error === null ? `VM "${name}" is on ${node} now (job ${job})` : `VM "${name}" was not moved: ${error} (job ${job})`);
  return { uuid, name, job, node, error };
}

/** Why the VM's job failed; null when it did not. */
async function failureOf({ child, signal }: StepContext, uuid: string, { opcode }: Moving): Promise<string | null> {
  try {
    return failureIn(await child(uuid, opcode(uuid)));
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ClassifiedError) return error.message;
    throw error;
  }
}

function failureIn({ id, status, opresult: [result] }: JobRecord): string | null {
  if (status === 'success') return null;
  return status === 'canceled' ? `job ${id} was canceled` : (result as [kind: string, [text: string]])[1][0];
}
