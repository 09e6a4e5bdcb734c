// What an opcode is to the engine: a small saga. It names its locks, checks without changing anything, and then does steps that can be
// repeated and undone. Everything that a step needs it gets from the facts of the check, so that another worker can go on with it.
import type { TObject } from 'typebox';
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

declare const RESULT: unique symbol;
/** The key of a step that answers something, which the opcode's result asks for. */
export type StepKey<Result> = string & { readonly [RESULT]: Result };
// The type stands in the key's own declaration only; what is kept is the text.
export const stepKey = <Result>(key: string): StepKey<Result> => key as StepKey<Result>;

/**
 * A repeatable action: run twice, it leaves the world as after one run. `undo` takes back what the step did; it must be right too when the
 * step was begun and did nothing, or only half of it. What `run` returns (JSON) is kept with the job.
 */
export interface Step {
  /**
   * By this the job's record knows the step, and so does every later version of its opcode: unique among the opcode's steps, and whatever the
   * name says. What there are several of carries what it is about: `create-volume:vms/web1`.
   */
  key: string;
  /** For people. */
  name: string;
  run(context: StepContext): Promise<unknown>;
  undo?(context: StepContext): Promise<void>;
  /**
   * Why the opcode can't be cancelled from the moment on at which this step begins. A failure is still undone; so each later step and this
   * one need an undo that is right, or that says what is left behind.
   */
  irrevocable?: string;
  /**
   * It is the first step, and may be refused because the cluster has changed since the check. Then, and once it is undone, nothing was
   * changed: the check is asked again, which refuses the opcode itself or answers other facts.
   */
  reserves?: true;
}

/** What the steps that were done have answered. */
export interface StepResults {
  /** Throws when the opcode had no such step. */
  get<Result>(key: StepKey<Result>): Result;
  find<Result>(key: StepKey<Result>): Result | undefined;
}

interface Saga<S extends OpcodeSchema, Facts> {
  /**
   * Raised when a worker of the version before could not go on with what this one has begun, or the other way round: the facts have another
   * form, or a step of the same key does something else. Kept with what is begun; only workers of the same version go on with it.
   */
  version: number;
  /** What it must hold while it checks and runs. */
  locks(parameters: ParametersOf<S>): LockWish[];
  /** Read-only. Proves the preconditions, throwing ClassifiedError, and answers plain JSON: all that the steps need. */
  check(world: World, parameters: ParametersOf<S>): Promise<Facts>;
  /** The hypervisor nodes that the steps keep busy, if any; a node runs a bounded number of opcodes at a time. */
  nodes?(facts: Facts): string[];
  /** A pure function of the facts. None: there is nothing to do. */
  steps(facts: Facts): Step[];
  /** The opcode's result, from the facts and what the steps returned. */
  result(facts: Facts, done: StepResults): ResultOf<S>;
  /** Why it can't be cancelled once its steps have begun. Absent: it can. */
  uninterruptible?: string;
}

/** A saga whose types the engine need not know. */
export interface OpcodeDefinition extends Omit<Saga<OpcodeSchema, unknown>, 'result'> {
  id: string;
  /** The schema of its parameters. */
  parameters: TObject;
  result(facts: unknown, done: StepResults): unknown;
}

/** Ties a saga to its schema: parameters and result are typed by it. */
export function opcode<S extends OpcodeSchema, Facts>(schema: S, saga: Saga<S, Facts>): OpcodeDefinition {
  // The engine only ever hands a saga what that saga's own check has returned and its own schema has admitted.
  return { id: schema.id, parameters: schema.parameters, ...saga };
}

interface Actions<Result> extends Omit<Step, 'key' | 'name' | 'run'> {
  run(context: StepContext): Promise<Result>;
}

/** A step that answers something which the result needs has a `stepKey`; for the others a text will do. */
export const step = <Result>(key: StepKey<Result> | string, name: string, actions: Actions<Result>): Step => ({ key, name, ...actions });
