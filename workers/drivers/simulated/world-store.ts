// Where the simulated world keeps its domains: in a LevelDB folder, written through to the disk, or nowhere.
import { ClassicLevel } from 'classic-level';
import { ClassifiedError } from '../../../src/errors/classified-error.js';
import type { SimulatedDomain } from './simulated-domain.js';

export interface WorldStore {
  /** What a node's domains were when last written. */
  read(node: string): Promise<SimulatedDomain[]>;
  /** Resolves once a crash of the machine would not lose it. */
  put(node: string, domain: SimulatedDomain): Promise<void>;
  forget(node: string, uuid: string): Promise<void>;
  /** From one node to another: after a crash it is at exactly one of them. */
  move(from: string, to: string, domain: SimulatedDomain): Promise<void>;
  close(): Promise<void>;
}

/** A world that ends with the process. */
export const forgetfulStore: WorldStore = {
  read: async () => [],
  put: async () => undefined,
  forget: async () => undefined,
  move: async () => undefined,
  close: async () => undefined,
};

// No name of a node holds a NUL, so a node's keys stand together and no other's among them.
const key = (node: string, uuid: string) => `${node}\0${uuid}`;

/** Opens or makes the folder. environment_error: it cannot be, or another process has it open. */
export async function openWorldStore(directory: string): Promise<WorldStore> {
  const level = new ClassicLevel<string, SimulatedDomain>(directory, { valueEncoding: 'json' });
  try {
    await level.open();
  } catch (cause) {
    throw new ClassifiedError('environment_error', `the simulated world in ${directory} cannot be opened`, { cause });
  }
  const written = (writing: Promise<void>) =>
    writing.catch((cause: unknown) => {
      throw new ClassifiedError('environment_error', `the simulated world in ${directory} cannot be written`, { cause });
    });
  return {
    read: (node) => level.values({ gt: key(node, ''), lt: `${node}\u0001` }).all(),
    put: (node, domain) => written(level.put(key(node, domain.uuid), domain, { sync: true })),
    forget: (node, uuid) => written(level.del(key(node, uuid), { sync: true })),
    move: (from, to, domain) =>
      written(
        level.batch(
          [
            { type: 'put', key: key(to, domain.uuid), value: domain },
            { type: 'del', key: key(from, domain.uuid) },
          ],
          { sync: true },
        ),
      ),
    close: () => level.close(),
  };
}
