// The code that is measured, compiled once for the run. Product and floors run as the same plain JavaScript: tsx would wrap every closure
// in a call of its own, which costs the side with more closures more. It is a copy of its own, so that neither an outdated `dist` nor one
// that is rebuilt meanwhile is measured. Types are `npm run check`'s business.
import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

const PROJECT = fileURLToPath(new URL('../../', import.meta.url));

/** Compiles into that folder; answers the folder of the programs. */
export async function compileInto(folder: string): Promise<string> {
  await execa('tsc', ['-p', join(PROJECT, 'test/bench'), '--noCheck', '--outDir', folder], { preferLocal: true, localDir: PROJECT });
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }\n');
  await symlink(join(PROJECT, 'node_modules'), join(folder, 'node_modules'));
  return join(folder, 'test/bench/programs');
}
