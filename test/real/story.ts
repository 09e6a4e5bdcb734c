// A test whose parts build on each other is one test with chapters: when it fails it says in which, and a repeated one starts from nothing.
import { test } from 'vitest';
import { patience } from '../lab/patience.js';

export type Chapter = (title: string, tell: () => Promise<void>) => Promise<void>;

const chapter: Chapter = async (title, tell) => {
  try {
    await tell();
  } catch (error) {
    if (error instanceof Error) error.message = `${title}: ${error.message}`;
    throw error;
  }
};

export function story(title: string, tell: (chapter: Chapter) => Promise<void>): void {
  // oxlint-disable-next-line vitest/valid-title -- its callers name it
  test(title, { timeout: patience(900_000) }, () => tell(chapter));
}
