// Where the simulated Ceph keeps its rows: in a LevelDB folder, written through to the disk, or nowhere.
import { ClassicLevel } from 'classic-level';
import { ClassifiedError } from '../../../src/errors/classified-error.js';
import { type CephRow, keyOf } from './simulated-ceph-rows.js';

export interface CephStore {
  read(): Promise<CephRow[]>;
  /** All of it or nothing; resolves once a crash of the machine would not lose it. */
  write(put: readonly CephRow[], gone: readonly CephRow[]): Promise<void>;
  close(): Promise<void>;
}

/** A Ceph that ends with the process. */
export const forgetfulCephStore: CephStore = {
  read: async () => [],
  write: async () => undefined,
  close: async () => undefined,
};

/** Opens or makes the folder. environment_error: it cannot be, or another process has it open. */
export async function openCephStore(directory: string): Promise<CephStore> {
  const level = new ClassicLevel<string, CephRow>(directory, { valueEncoding: 'json' });
  try {
    await level.open();
  } catch (cause) {
    throw new ClassifiedError('environment_error', `the simulated Ceph in ${directory} cannot be opened`, { cause });
  }
  return {
    read: () => level.values().all(),
    async write(put, gone) {
      const puts = put.map((row) => ({ type: 'put' as const, key: keyOf(row), value: row }));
      const dels = gone.map((row) => ({ type: 'del' as const, key: keyOf(row) }));
      try {
        await level.batch([...dels, ...puts], { sync: true });
      } catch (cause) {
        throw new ClassifiedError('environment_error', `the simulated Ceph in ${directory} cannot be written`, { cause });
      }
    },
    close: () => level.close(),
  };
}
