// How an opcode is described: its wire name, its parameters, its result, and what it is shown as in lists.
import Type, { type Static, type TObject, type TProperties, type TSchema } from 'typebox';

/** The kinds of thing that a job can be about; `GET /jobs?resource=vm/web1` finds it by kind and the name it was given. */
export type SubjectKind = 'vm' | 'node' | 'osd' | 'pool' | 'volume' | 'snapshot';

export interface OpcodeSchema<Id extends string = string, Params extends TObject = TObject, Result extends TSchema = TSchema> {
  /** The wire name: `OP_VM_START`. */
  id: Id;
  title: string;
  /** The parameter shown in a job's summary, `VM_START(web1)`; without one the summary is `VM_START`. */
  summaryParameter?: string;
  /** The parameters that name what the opcode works on; several when it goes by more than one name. */
  subjects: Partial<Record<SubjectKind, readonly string[]>>;
  /** The parameters as JSON Schema; `OP_ID` is not among them. */
  parameters: Params;
  /** What stands in `opresult` after success. */
  result: Result;
}

export type ParametersOf<S> = S extends OpcodeSchema<string, infer P> ? Static<P> : never;
export type ResultOf<S> = S extends OpcodeSchema<string, TObject, infer R> ? Static<R> : never;

interface Description<Id extends string, Properties extends TProperties, Result extends TSchema> {
  id: Id;
  title: string;
  description: string;
  summaryParameter?: keyof Properties & string;
  subjects?: Partial<Record<SubjectKind, readonly (keyof Properties & string)[]>>;
  parameters: Properties;
  result: Result;
}

/** Describes an opcode; parameters that are not listed are refused. */
export function opcodeSchema<Id extends string, Properties extends TProperties, Result extends TSchema>(
  description: Description<Id, Properties, Result>,
) {
  const { parameters, description: text, subjects = {}, ...rest } = description;
  return {
    ...rest,
    subjects,
    parameters: Type.Object(parameters, { title: description.title, description: text, additionalProperties: false }),
  };
}
