/** Reading what a guest wrote on its serial console. */
import { readFile } from 'node:fs/promises';
import { until, type Waiting } from './until.js';

export function consoleText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}

/** Waits until the console holds the text `times` times (a file is appended to at every boot). */
export async function consoleSays(file: string, text: string, { times = 1, ...waiting }: Waiting & { times?: number } = {}): Promise<void> {
  await until(`${JSON.stringify(text)} on ${file}`, async () => (await consoleText(file)).split(text).length > times, {
    within: 60_000,
    ...waiting,
  });
}

/** The last number that the guest has counted up to; -1 before it counts. */
export async function lastCount(file: string): Promise<number> {
  return (await allCounts(file)).at(-1) ?? -1;
}

/** Every number that it has counted, over all its boots. */
export async function allCounts(file: string): Promise<number[]> {
  // The newest line may be half written; the line end shows which one is whole.
  return [...(await consoleText(file)).matchAll(/^count (\d+)\r?\n/gm)].map(([, number]) => Number(number));
}
