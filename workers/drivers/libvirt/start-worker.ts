// Starts one of this folder's thread files, compiled or straight from TypeScript.
import { Worker } from 'node:worker_threads';

/** A module that loads another from TypeScript. Threads do not inherit a loader, and `--import` does not reach their first file. */
function throughLoader(file: URL): URL {
  const loader = import.meta.resolve('tsx/esm/api');
  const source = `import { register } from ${JSON.stringify(loader)}; register(); await import(${JSON.stringify(file.href)});`;
  return new URL(`data:text/javascript,${encodeURIComponent(source)}`);
}

/** The thread file of that name (without extension), beside this file. */
export function startWorker(name: string, workerData: unknown): Worker {
  // Where this file runs as TypeScript (tests, development), so must the thread.
  const fromTypeScript = import.meta.url.endsWith('.ts');
  const file = new URL(`./${name}.${fromTypeScript ? 'ts' : 'js'}`, import.meta.url);
  return new Worker(fromTypeScript ? throughLoader(file) : file, { name, workerData, execArgv: [] });
}
