// What an opcode is to the engine: a small saga. It names its locks, checks without changing anything, and then does steps that can be
// repeated and undone. Everything that a step needs it gets from the facts of the check, so that another worker can go on with it.
import type { JobRecord, Opcode } from '../../schemas/job.js';
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
  /** Tells how far the step is, from 0 to 1, and in which numbers. */
  progress(fraction: number, figures?: Record<string, number>): void;
  /**
   * Runs the opcode as a job of its own, a child of this one, and answers its record at its end, whatever that is. Asked again with the same
   * key, also by another worker, it is the same job. When this opcode is undone, children that have not ended are cancelled and waited for
   * before; none may be asked for once the step has ended. environment_error: it has ended, but was forgotten.
   */
  child(key: string, op: Opcode): Promise<JobRecord>;
  /** The children that this opcode has submitted so far, by key. */
  children(): ReadonlyMap<string, number>;
}

/**
 * A repeatable action: run twice, it leaves the world as after one run. `undo` takes back what the step did; it must be right too when the
 * step was begun and did nothing, or only half of it. What `run` returns (JSON) is kept with the job.
 */
export interface Step {
  name: string;
  run(context: StepContext): Promise<unknown>;
  undo?(context: StepContext): Promise<void>;
  /**
   * Why the opcode can't be cancelled from the moment on at which this step begins. A failure is still undone; so each later step and this
   * one need an undo that is right, or that says what is left behind.
   */
  irrevocable?: string;
}

interface Saga<S extends OpcodeSchema, Facts> {
  /** What it must hold while it checks and runs. */
  locks(parameters: ParametersOf<S>): LockWish[];
  /** Read-only. Proves the preconditions, throwing ClassifiedError, and answers plain JSON: all that the steps need. */
  check(world: World, parameters: ParametersOf<S>): Promise<Facts>;
  /** The hypervisor nodes that the steps keep busy, if any; a node runs a bounded number of opcodes at a time. */
  nodes?(facts: Facts): string[];
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
