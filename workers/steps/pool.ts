// Steps that make a pool, in Ceph and in what the cluster keeps.
import { ClassifiedError } from '../../src/errors/classified-error.js';
import type { NewPool, PoolSighting } from '../drivers/ceph.js';
import { step, type Step, type StepContext } from '../engine/opcode.js';

/** By the check there was none: one that is as asked for is this job's own. What has no application yet is half made. */
const isWhole = ({ applications }: PoolSighting) => applications.length > 0;
const isAsAsked = (seen: PoolSighting, { pgs, copies, minCopies }: NewPool) =>
  seen.pgs === pgs && seen.copies === copies && (seen.minCopies === minCopies || !isWhole(seen));

const seen = async ({ world }: StepContext, { name }: NewPool) => (await world.ceph().pools()).find((pool) => pool.name === name);

export const createPool = (pool: NewPool): Step =>
  step('create-pool', `create pool ${pool.name}`, {
    run: async (context) => {
      const there = await seen(context, pool);
      if (there === undefined || !isWhole(there)) return await context.world.ceph().createPool(pool);
      if (!isAsAsked(there, pool)) throw new ClassifiedError('already_exists', `pool "${pool.name}" exists already`);
    },
    undo: async (context) => {
      const ceph = context.world.ceph();
      const there = await seen(context, pool);
      if (there === undefined || !isAsAsked(there, pool)) return;
      // What somebody has put something into was not made a moment ago.
      if ((await ceph.volumes(pool.name)).length === 0) await ceph.removePool(pool.name);
    },
  });

export const addPool = ({ name, pgs, copies, minCopies }: NewPool): Step =>
  step('add-pool', `add pool ${name} to the cluster`, {
    run: async ({ world, job, signal }) => {
      // Of a former pool of this name, from a job that could not end.
      await world.storage.users.unmark(name, { signal });
      await world.storage.pools.create({ name, pgs, copies, mincopies: minCopies, added_by: job }, signal);
    },
    undo: async ({ world, job, signal }) => await world.storage.pools.remove(name, { addedBy: job, signal }),
  });
