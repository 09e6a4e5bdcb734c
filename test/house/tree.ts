// The project's own files, for the tests of the house rules.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');

export interface OwnFile {
  /** From the project's folder: `src/jobs/wait.ts`. */
  path: string;
  text: string;
}

/** The text of one file. */
export const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Every file under these folders whose name ends so. */
export function filesUnder(folders: readonly string[], ending: string): OwnFile[] {
  return folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
      .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
      .map((path) => ({ path, text: textOf(path) })),
  );
}

export const sourceFiles = (): OwnFile[] => filesUnder(['schemas', 'src', 'workers', 'test'], '.ts');
