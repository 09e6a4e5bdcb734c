// A store with bad luck at its next change, for tests of what is read, decided and then tried.
import { ConnectionLost, type Change, type Store } from '../../src/cluster/store.js';

/** The store, whose next change is applied without anybody hearing of it, or is preceded by another's. */
export function unlucky(store: Store, { loseAnswer = false, before }: { loseAnswer?: boolean; before?: () => Promise<void> }): Store {
  let pending = true;
  return new Proxy(store, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property);
      if (property !== 'commit') return typeof value === 'function' ? value.bind(target) : value;
      return async (changes: Change[]) => {
        if (!pending) return await target.commit(changes);
        pending = false;
        await before?.();
        await target.commit(changes);
        if (loseAnswer) throw new ConnectionLost();
      };
    },
  });
}
