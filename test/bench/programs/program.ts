// The side of a program that talks with the process that measures.

/** Asks the program to call one of its methods. */
export interface Order {
  call: number;
  name: string;
  args: unknown[];
}

export type FromProgram =
  | { kind: 'ready'; value: unknown }
  | { kind: 'done'; call: number; value: unknown }
  | { kind: 'failed'; call: number; text: string };

const tell = (message: FromProgram) => void process.send?.(message);

process.on('disconnect', () => process.exit(0));

/** What the program was told. */
export const argument = <T>(): T => JSON.parse(process.argv[2] ?? 'null') as T;

/** Says that the program is ready and what can be asked of it. */
export function announce(ready: unknown, methods: object): void {
  process.on('message', ({ call, name, args }: Order) => {
    const method = (methods as Record<string, (...values: unknown[]) => unknown>)[name];
    void (async () => await method?.(...args))().then(
      (value) => tell({ kind: 'done', call, value }),
      (error: unknown) => tell({ kind: 'failed', call, text: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
  });
  tell({ kind: 'ready', value: ready });
}
