// Pools, through the ceph command.
import { ClassifiedError } from '../../../src/errors/classified-error.js';
import type { Ceph, NewPool } from '../ceph.js';
import type { CephClient } from './ceph-client.js';
import { Errno } from './ceph-errno.js';
import { recordsIn } from './ceph-json.js';
import { nameOf } from '../ceph-names.js';
import { osdDump } from './osd-commands.js';
import { type PoolMaking, readPoolMaking, readPools } from './pool-readings.js';

export function poolCommands(client: CephClient): Pick<Ceph, 'pools' | 'createPool' | 'removePool'> {
  async function poolNamed(name: string): Promise<PoolMaking | undefined> {
    return recordsIn(await osdDump(client), 'pools')
      .map(readPoolMaking)
      .find((pool) => pool.name === name);
  }

  async function make({ name, pgs, copies, minCopies }: NewPool): Promise<void> {
    const wish = { what: `create pool ${name}` };
    const numbers = [String(pgs), String(pgs), 'replicated', '--size', String(copies)];
    await client.changing.ceph(['osd', 'pool', 'create', name, ...numbers, '--autoscale-mode', 'off'], wish);
    // A pool that was there already, half made, may have been given another size.
    await client.changing.ceph(['osd', 'pool', 'set', name, 'min_size', String(minCopies)], wish);
    // Last of all: by this a whole pool is told from a half made one.
    await client.changing.ceph(['osd', 'pool', 'application', 'enable', name, 'rbd'], wish);
  }

  async function remove(name: string): Promise<void> {
    const meanings = { [Errno.notPermitted]: ['wrong_state', 'the monitors allow no pool to be deleted (mon_allow_pool_delete)'] } as const;
    await client.changing.ceph(['osd', 'pool', 'rm', name, name, '--yes-i-really-really-mean-it'], {
      what: `remove pool ${name}`,
      meanings,
    });
  }

  return {
    async pools() {
      const what = 'list the pools';
      const [[dump, df], contents] = await Promise.all([client.cephEach(['osd dump', 'df'], { what }), client.rados(['df'], { what })]);
      return readPools(dump, df, contents);
    },
    async createPool(pool) {
      const name = nameOf('pool', pool.name);
      if (pool.minCopies > pool.copies) {
        throw new ClassifiedError('wrong_input', `pool "${name}" cannot need ${pool.minCopies} copies where it has ${pool.copies}`);
      }
      const there = await poolNamed(name);
      const isHalfMade = there?.applications.length === 0 && there.pgs === pool.pgs && there.copies === pool.copies;
      if (there !== undefined && !isHalfMade) throw new ClassifiedError('already_exists', `pool "${name}" exists already`);
      await make(pool);
    },
    async removePool(name) {
      if ((await poolNamed(nameOf('pool', name))) !== undefined) await remove(name);
    },
  };
}
