// The nodes that live for good, on disk: one LevelDB entry a node, its version before its text.
import { ClassicLevel } from 'classic-level';
import { ClassifiedError } from '../../errors/classified-error.js';
import type { Effect } from './nodes.js';

export interface Disk {
  /** Every node that was written, those above before those below. */
  load(): Promise<Effect[]>;
  /** All or nothing; resolves when it is safe on disk. */
  write(effects: Effect[]): Promise<void>;
  close(): Promise<void>;
}

/** LevelDB's own words stand in the cause; most often the folder is in use. */
function reasonIn(error: unknown): string {
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  if (cause instanceof Error && 'code' in cause && cause.code === 'LEVEL_LOCKED') return 'another process uses it';
  return cause instanceof Error ? cause.message : String(error);
}

function parse(path: string, entry: string): Effect {
  const end = entry.indexOf('\n');
  const node = { version: Number(entry.slice(0, end)), data: entry.slice(end + 1), owner: undefined };
  return { event: 'created', path, node, durable: true };
}

/** Opens or creates the database in this directory. environment_error: it can't be opened, or another process has it. */
export async function openDisk(directory: string): Promise<Disk> {
  const level = new ClassicLevel(directory);
  await level.open().catch((cause: unknown) => {
    throw new ClassifiedError('environment_error', `the cluster state in ${directory} can't be opened: ${reasonIn(cause)}`, { cause });
  });
  return {
    // Keys come in order of their bytes: '/a' before '/a/b'.
    load: async () => (await level.iterator().all()).map(([path, entry]) => parse(path, entry)),
    async write(effects) {
      const operations = effects
        .filter(({ durable }) => durable)
        .map(({ path, node }) =>
          node ? ({ type: 'put', key: path, value: `${node.version}\n${node.data}` } as const) : ({ type: 'del', key: path } as const),
        );
      if (operations.length > 0) await level.batch(operations, { sync: true });
    },
    close: () => level.close(),
  };
}
