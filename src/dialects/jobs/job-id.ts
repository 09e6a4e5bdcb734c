// A job's ID in a path, and the error for one that no job has.
import Type from 'typebox';
import { ClassifiedError } from '../../errors/classified-error.js';

export const JobId = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'the job ID' });

export const WaitSeconds = Type.Number({ minimum: 0, maximum: 60, default: 10, description: 'seconds to wait at most' });

/** The error `unknown_entity` for a job that is not there, or not any more. */
export const noSuchJob = (id: number): ClassifiedError => new ClassifiedError('unknown_entity', `there is no job ${id}`);
