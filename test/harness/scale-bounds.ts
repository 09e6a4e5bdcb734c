// Before each test: vitest's own bounds, which only end what hangs, are those of a machine that is as slow as this one is now.
import { beforeEach, vi } from 'vitest';
import { patience } from '../lab/patience.js';

const scaleBounds = () =>
  vi.setConfig({
    testTimeout: patience(180_000),
    hookTimeout: patience(240_000),
    expect: { poll: { timeout: patience(60_000) } },
  });

scaleBounds();
beforeEach(scaleBounds);
