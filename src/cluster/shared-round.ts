// A look that many want at about the same time. Nobody is given what was begun before they asked: who asks while a look is under way
// shares the next one with all who come by then.

export function shareRounds<T>(look: () => Promise<T>): () => Promise<T> {
  let running: Promise<unknown> = Promise.resolve();
  let next: Promise<T> | undefined;
  return () => {
    next ??= running.then(() => {
      next = undefined;
      const round = look();
      running = round.catch(() => undefined);
      return round;
    });
    return next;
  };
}
