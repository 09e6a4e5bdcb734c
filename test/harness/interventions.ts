// Opcodes with a hand in them: the test decides, for one job, what happens before and after the effect of each step.
import type { OpcodeDefinition, Step, StepContext } from '../../workers/engine/opcode.js';

export type Moment = `${'run' | 'undo'} ${number} ${'before' | 'after'}`;

export interface Intervention {
  /** What happens at these moments; what it throws is thrown by the step. */
  at?: Partial<Record<Moment, (context: StepContext) => Promise<void>>>;
  /** Do everything twice. */
  twice?: boolean;
}

/** By job, and the same opcodes looking there. Put the interventions in before a worker runs. */
export function intervene(opcodes: ReadonlyMap<string, OpcodeDefinition>): {
  opcodes: ReadonlyMap<string, OpcodeDefinition>;
  in: Map<number, Intervention>;
} {
  const interventions = new Map<number, Intervention>();

  const wrap = async (context: StepContext, phase: 'run' | 'undo', index: number, act: (context: StepContext) => Promise<unknown>) => {
    const { at = {}, twice = false } = interventions.get(context.job) ?? {};
    await at[`${phase} ${index} before`]?.(context);
    if (twice) await act(context);
    const result = await act(context);
    await at[`${phase} ${index} after`]?.(context);
    return result;
  };
  const wrapStep = ({ run, undo, ...step }: Step, index: number): Step => ({
    ...step,
    run: (context) => wrap(context, 'run', index, run),
    ...(undo === undefined ? {} : { undo: async (context) => void (await wrap(context, 'undo', index, undo)) }),
  });
  const wrapped = [...opcodes.values()].map(
    (definition): OpcodeDefinition => ({ ...definition, steps: (facts) => definition.steps(facts).map(wrapStep) }),
  );
  return { opcodes: new Map(wrapped.map((definition) => [definition.id, definition])), in: interventions };
}
