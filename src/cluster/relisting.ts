// When to list a collection again: one listing at a time, requests in between are one, and a list that takes long to read (ten
// thousand names are half a megabyte) takes no more than a quarter of the time while the collection changes all the time.

const pausePerWork = 3;
const maxPauseMs = 250;

export interface Relisting {
  /** Lists soon, after all that has changed by now. */
  request(): void;
  stop(): void;
}

/** `list` must not reject. */
export function createRelisting(list: () => Promise<void>): Relisting {
  let wanted = false;
  let busy = false;
  let stopped = false;
  let pause: NodeJS.Timeout | undefined;

  async function run(): Promise<void> {
    busy = true;
    wanted = false;
    const startedAt = performance.now();
    await list();
    if (stopped) return;
    const workMs = performance.now() - startedAt;
    pause = setTimeout(onRested, Math.min(maxPauseMs, workMs * pausePerWork));
  }

  function onRested(): void {
    busy = false;
    if (wanted) void run();
  }

  return {
    request() {
      wanted = true;
      if (!busy && !stopped) void run();
    },
    stop() {
      stopped = true;
      clearTimeout(pause);
    },
  };
}
