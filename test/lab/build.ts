/** Compiles rapid, for the processes of it that run in the lab. */
import { resolve } from 'node:path';
import { execa } from 'execa';

const PROJECT = resolve(import.meta.dirname, '..', '..');

/** Brings `dist` up to date. Throws with what the compiler says. */
export async function buildRapid(): Promise<void> {
  const built = await execa('npm', ['run', '--silent', 'build'], { cwd: PROJECT, reject: false, all: true });
  if (built.failed) throw new Error(`rapid does not compile:\n${built.all}`);
}

/** The compiled file of a program: `workers/agent`. */
export function compiled(program: string): string {
  return resolve(PROJECT, 'dist', `${program}.js`);
}
