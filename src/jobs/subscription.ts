// Listening to channels of Redis on a connection of its own. What is published while it is away is gone, so whoever listens is told when
// something may have been missed; and a subscription says nothing by itself when it is dead, so it has a pulse.
import { randomUUID } from 'node:crypto';
import type { Keys } from './keys.js';
import type { Redis } from './redis.js';

export interface Subscription {
  /** Resolves when Redis has taken it: from then on nothing is missed without a word. */
  add(channel: string): Promise<void>;
  remove(channel: string): void;
  /** Ends the connection too. */
  close(): void;
}

interface Hears {
  message(channel: string, message: string): void;
  /** Redis has all subscriptions again, and may have published something before. */
  missed(): void;
}

const PULSE_MS = 2000;
/** Together with the pulse under 10 s. */
const SILENT_MS = 6000;

/** Resolves when the subscription works. */
export async function openSubscription(connection: Redis, keys: Keys, hears: Hears): Promise<Subscription> {
  const pulse = keys.pulse(randomUUID());
  let interrupted = false;
  let heardAt = performance.now();

  connection.on('message', (channel: string, message: string) => {
    if (channel !== pulse) return hears.message(channel, message);
    heardAt = performance.now();
    if (!interrupted) return;
    interrupted = false;
    hears.missed();
  });
  // ioredis subscribes to everything again in one command; the pulse that is heard after it proves that Redis has taken it.
  const beat = () => void connection.publish(pulse, '').catch(() => undefined);
  // A cluster's client changes the server that it listens to without closing anything else.
  for (const event of ['close', '-subscriber', '+subscriber']) connection.on(event, () => (interrupted = true));
  connection.on('ready', beat);
  const timer = setInterval(() => {
    if (connection.status !== 'ready') heardAt = performance.now();
    else if (performance.now() - heardAt > SILENT_MS) {
      heardAt = performance.now();
      connection.disconnect(true);
    } else beat();
  }, PULSE_MS);
  timer.unref();
  await connection.subscribe(pulse);

  return {
    add: async (channel) => void (await connection.subscribe(channel)),
    remove: (channel) => void connection.unsubscribe(channel).catch(() => undefined),
    close() {
      clearInterval(timer);
      connection.disconnect();
    },
  };
}
