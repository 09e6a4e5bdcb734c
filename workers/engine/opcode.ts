// What an opcode is to the engine: a small saga. It names its locks, checks without changing anything, and then does steps that can be
// repeated and undone. Everything that a step needs it gets from the facts of the check, so that another worker can go on with it.
import type { ParametersOf, OpcodeSchema, ResultOf } from '../../schemas/opcodes/opcode-schema.js';
import type { LockWish } from './lock-wish.js';
import type { World } from './world.js';

/** What a step is given while it runs. */
export interface StepContext {
  world: World;
  /** The job that the step belongs to. */
  job: number;
  /** Aborted when the step shall stop: the job was cancelled, the locks are lost, or the worker goes away. */
  signal: AbortSignal;
  /** Writes a line to the job's log. */
  log(message: string): void;
  /** Tells how far the step is, from 0 to 1. */
  progress(fraction: number): void;
}

/**
 * A repeatable action: run twice, it leaves the world as after one run. `undo` takes back what the step did; it must be right too when the
 * step was begun and did nothing, or only half of it. What `run` returns (JSON) is kept with the job.
 */
export interface Step {
  name: string;
  run(context: StepContext): Promise<unknown>;
  undo?(context: StepContext): Promise<void>;
}

interface Saga<S extends OpcodeSchema, Facts> {
  /** What it must hold while it checks and runs. */
  locks(parameters: ParametersOf<S>): LockWish[];
  /** Read-only. Proves the preconditions, throwing ClassifiedError, and answers plain JSON: all that the steps need. */
  check(world: World, parameters: ParametersOf<S>): Promise<Facts>;
  /** The hypervisor node that the steps keep busy, if any; a node runs a bounded number of opcodes at a time. */
  node?(facts: Facts): string;
  /** A pure function of the facts. None: there is nothing to do. */
  steps(facts: Facts): Step[];
  /** The opcode's result, from the facts and what each step returned. */
  result(facts: Facts, done: unknown[]): ResultOf<S>;
  /** Why it can't be cancelled once its steps have begun. Absent: it can. */
  uninterruptible?: string;
}

/** A saga whose types the engine need not know. */
export interface OpcodeDefinition extends Omit<Saga<OpcodeSchema, unknown>, 'result'> {
  id: string;
  result(facts: unknown, done: unknown[]): unknown;
}

/** Ties a saga to its schema: parameters and result are typed by it. */
export function opcode<S extends OpcodeSchema, Facts>(schema: S, saga: Saga<S, Facts>): OpcodeDefinition {
  // The engine only ever hands a saga what that saga's own check has returned and its own schema has admitted.
  return { id: schema.id, ...saga };
}

export const step = (name: string, actions: Omit<Step, 'name'>): Step => ({ name, ...actions });
