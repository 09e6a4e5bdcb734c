// PVC's pool endpoints, and the opcodes that they become. The texts are PVC's.
import Type from 'typebox';
import { PoolAdd } from '../../../schemas/opcodes/pool-add.js';
import { PoolRemove } from '../../../schemas/opcodes/pool-remove.js';
import { Pool } from '../../../schemas/resources/pool.js';
import { PoolName } from '../../../schemas/storage-names.js';
import { ClassifiedError } from '../../errors/classified-error.js';
import { fromStorageReport } from '../../http/cluster-answer.js';
import { mutation, reading } from '../../http/route.js';
import { NamePattern, nameFilter } from '../../validation/name-pattern.js';
import { opcodeFrom } from './opcode-from.js';
import { sortedByName } from './sorted-by-name.js';
import { CONFIRMATION, confirmed } from './storage-confirmation.js';

const listPools = reading({
  method: 'GET',
  path: '/pool',
  access: 'read',
  summary: 'The pools, sorted by name.',
  values: { limit: Type.Optional(NamePattern) },
  answer: Type.Array(Pool),
  read: fromStorageReport((storage, { limit }: { limit?: string }) => {
    const passes = nameFilter(limit);
    return sortedByName(storage.pools()).filter(({ name }) => passes(name));
  }),
});

const readPool = reading({
  method: 'GET',
  path: '/pool/:pool',
  access: 'read',
  summary: 'A pool.',
  values: { pool: PoolName },
  answer: Pool,
  read: fromStorageReport((storage, { pool }: { pool: string }) => {
    const found = storage.pool(pool);
    if (found === undefined) throw new ClassifiedError('unknown_entity', 'Pool not found.');
    return found;
  }),
});

export const POOL_READS = [listPools, readPool];

export const addPool = (path: string) =>
  mutation({
    method: 'POST',
    path,
    access: 'write',
    summary: 'Makes a replicated RBD pool.',
    values: PoolAdd.parameters.properties,
    ops: (values) => [opcodeFrom(PoolAdd, values)],
    message: ({ pool, pgs }) => `Created RBD pool "${pool}" with ${pgs} PGs`,
  });

export const removePool = (method: 'DELETE' | 'POST', path: string) =>
  mutation({
    method,
    path,
    access: 'write',
    summary: 'Removes a pool with all its volumes.',
    values: { pool: PoolName, force: PoolRemove.parameters.properties.force, ...CONFIRMATION },
    ops: ({ pool, force = false, ...given }) => [{ OP_ID: PoolRemove.id, pool, force, ...confirmed(given) }],
    message: ({ pool }) => `Removed RBD pool "${pool}" and all volumes.`,
  });
