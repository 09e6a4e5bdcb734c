// The requests on their way over one connection: no more than a thousand at once, so that a heartbeat never waits behind ten
// thousand reads (it costs no throughput); and none left without an end when the connection ends.
import type { Answer } from 'node-zookeeper-client';

const size = 1000;

type Send<T> = (answer: Answer<T>) => void;

export interface RequestWindow {
  /** Sends now or when others were answered, in order. */
  add<T>(send: Send<T>): Promise<T | undefined>;
  /** Rejects what is on its way, what waits and what will come. */
  close(): void;
}

/** `ending` makes the error for requests that the connection's end cut off. */
export function createRequestWindow(ending: () => Error): RequestWindow {
  const underWay = new Set<(error: Error) => void>();
  let queue: { send(): void; reject(error: Error): void }[] = [];
  let next = 0;
  let closed = false;

  function sendNext(): void {
    const request = queue[next];
    if (!request || underWay.size >= size) return;
    next += 1;
    if (next === queue.length) {
      queue = [];
      next = 0;
    }
    request.send();
  }

  return {
    add<T>(send: Send<T>) {
      return new Promise<T | undefined>((resolve, reject) => {
        if (closed) {
          reject(ending());
          return;
        }
        const answered: Answer<T> = (error, value) => {
          underWay.delete(reject);
          if (error) reject(error);
          else resolve(value);
          sendNext();
        };
        const sendIt = (): void => {
          underWay.add(reject);
          try {
            send(answered);
          } catch (error) {
            answered(error instanceof Error ? error : new Error(String(error)));
          }
        };
        if (underWay.size < size) sendIt();
        else queue.push({ send: sendIt, reject });
      });
    },
    close() {
      closed = true;
      const left = [...underWay, ...queue.slice(next).map(({ reject }) => reject)];
      queue = [];
      next = 0;
      underWay.clear();
      for (const reject of left) reject(ending());
    },
  };
}
