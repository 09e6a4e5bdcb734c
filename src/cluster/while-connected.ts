// Asking the store something that nobody wants to wait for when it is away.
import { ClassifiedError } from '../errors/classified-error.js';
import type { Store } from './store.js';

const isAway = () => new ClassifiedError('environment_error', 'the cluster store does not answer');

/** The answer; throws environment_error when the store is away, or goes away before it has answered. */
export async function whileConnected<T>(store: Store, ask: () => Promise<T>): Promise<T> {
  if (store.session !== 'connected') throw isAway();
  return await new Promise<T>((resolve, reject) => {
    const stopListening = store.onSession((state) => {
      if (state !== 'connected') reject(isAway());
    });
    ask().then(resolve, reject).finally(stopListening);
  });
}
