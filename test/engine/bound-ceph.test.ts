// Ceph as opcodes have it: under their locks, in their log, and not at all for changes where only looking is allowed.
import { expect, it, onTestFinished } from 'vitest';
import { createLocks } from '../../src/cluster/locks.js';
import { locksPath } from '../../src/cluster/lock-order.js';
import { openMemoryTree } from '../../src/cluster/memory/memory-tree.js';
import type { CallContext } from '../../workers/drivers/call-context.js';
import type { Ceph } from '../../workers/drivers/ceph.js';
import { openSimulatedCeph } from '../../workers/drivers/simulated/simulated-ceph.js';
import { boundCeph, fencedCeph, lookedAtCeph } from '../../workers/engine/bound-ceph.js';

const POOL = { name: 'vms', pgs: 8, copies: 1, minCopies: 1 };

async function stage() {
  const ceph = await openSimulatedCeph({ nodes: ['hv1'] });
  const tree = await openMemoryTree({ roots: [locksPath] });
  const store = tree.openSession();
  onTestFinished(async () => {
    await store.close();
    await tree.close();
    await ceph.close();
  });
  const claim = { job: 1, opcode: 'OP_POOL_ADD', signal: new AbortController().signal };
  const held = await createLocks(store, { worker: 'w' }).acquire([{ mode: 'exclusive', resource: 'pool/vms' }], claim);
  return { ceph, store, held };
}

it('changes something only while the locks are held', async () => {
  const { ceph, store, held } = await stage();
  const fenced = fencedCeph(ceph.open, store, held.entries, new AbortController().signal)();
  await fenced.createPool(POOL);
  await held.release();
  await expect(fenced.removePool('vms')).rejects.toMatchObject({
    errorClass: 'environment_error',
    message: expect.stringContaining('locks'),
  });
  expect(await fenced.pools()).toMatchObject([{ name: 'vms' }]);
});

it('does nothing any more once its time is over', async () => {
  const { ceph, store, held } = await stage();
  const until = new AbortController();
  const fenced = fencedCeph(ceph.open, store, held.entries, until.signal);
  const reason = new Error('the worker goes away');
  until.abort(reason);
  await expect(fenced().createPool(POOL)).rejects.toBe(reason);
  await expect(fenced({ signal: new AbortController().signal }).pools()).rejects.toBe(reason);
  expect(await ceph.open().pools()).toEqual([]);
});

it('only looks for checks', async () => {
  const { ceph } = await stage();
  const looked = lookedAtCeph(ceph.open)();
  await expect(looked.createPool(POOL)).rejects.toThrow('a check changes nothing');
  expect(await looked.pools()).toEqual([]);
});

it('hands on what it is bound to', () => {
  const contexts: CallContext[] = [];
  const open = (context: CallContext = {}): Ceph => {
    contexts.push(context);
    return {} as Ceph;
  };
  const [onStderr, onProgress, other] = [() => {}, () => {}, () => {}];
  const bound = boundCeph(open, { onStderr, onProgress });
  bound();
  bound({ onProgress: other });
  expect(contexts).toEqual([
    { onStderr, onProgress },
    { onStderr, onProgress: other },
  ]);
});
