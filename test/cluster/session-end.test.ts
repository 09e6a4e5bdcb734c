// What a session's end makes of commits: those that were asked for in it are not applied in the next one.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { compareAndSet } from '../../src/cluster/compare-and-set.js';
import type { Store } from '../../src/cluster/store.js';
import { errorOf } from './error-of.js';
import { implementations } from './implementations.js';
import type { Cluster } from './implementations.js';

describe.each(implementations)('a commit in %s', (_name, openCluster) => {
  let cluster: Cluster;
  let store: Store;
  let other: Store;
  beforeAll(async () => {
    cluster = await openCluster(['/a']);
  });
  afterAll(() => cluster.close());
  beforeEach(async () => {
    [store, other] = await Promise.all([cluster.open(), cluster.open()]);
  });
  afterEach(async () => {
    await Promise.all([store.close(), other.close()]);
  });

  it('that waits for a session which ends is refused; what is decided anew is committed in the next one', async () => {
    await cluster.suspend(store);
    const waiting = errorOf(store.commit([{ kind: 'create', path: '/a/waited', data: '' }]));
    let decisions = 0;
    const decided = compareAndSet(store, async () => {
      decisions += 1;
      return { changes: [{ kind: 'create', path: `/a/decided-${decisions}`, data: '' }], result: decisions };
    });
    // Both wait for the session by now.
    await new Promise(setImmediate);
    await cluster.expire(store);
    expect(await waiting).toMatchObject({ name: 'SessionExpired' });
    expect(await decided).toBe(2);
    expect(await other.children('/a')).toEqual(['decided-2']);
  });
});
