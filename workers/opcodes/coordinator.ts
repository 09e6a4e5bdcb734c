// What the opcodes that move the primary share: what they check, and the steps that write a wish and wait for it to be granted.
import type { CoordinatorState } from '../../schemas/resources/node.js';
import type { PrimaryWish } from '../../src/cluster/primary-election.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { pollUntil } from '../engine/interruption.js';
import { step, type Step } from '../engine/opcode.js';
import type { World } from '../engine/world.js';

const GRANTED_WITHIN_MS = 30_000;
const POLL_MS = 500;

/** What a living coordinator is now. unknown_entity: no such node; wrong_state: it is no coordinator, or its agent does not live. */
export async function coordinatorStateOf({ nodes, election }: World, node: string): Promise<CoordinatorState> {
  const { coordinator } = await nodes.get(node);
  if (!coordinator) throw new ClassifiedError('wrong_state', `Cannot change router mode on non-coordinator node "${node}"`);
  const state = await election.stateOf(node);
  if (state === undefined) throw new ClassifiedError('wrong_state', `Node "${node}" is not active`);
  return state;
}

/** `before` is what was wished until then; the undo wishes it again. */
export const wishForPrimary = (name: string, wish: PrimaryWish, before: PrimaryWish): Step =>
  step('wish-for-primary', name, {
    run: async ({ world, signal }) => await world.election.setWish(wish, signal),
    undo: async ({ world, signal }) => await world.election.setWish(before, signal),
  });

export const awaitPrimary = (name: string, isGranted: (primary: string) => boolean): Step =>
  step('await-primary', name, {
    run: async ({ world, signal }) => {
      const granted = async () => {
        const primary = await world.election.primary();
        return primary !== undefined && isGranted(primary);
      };
      if (await pollUntil(granted, POLL_MS, GRANTED_WITHIN_MS, signal)) return;
      throw new ClassifiedError('environment_error', `the coordinators did not agree within ${GRANTED_WITHIN_MS / 1000} s`);
    },
  });
