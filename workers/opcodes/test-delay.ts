// OP_TEST_DELAY
import { setTimeout } from 'node:timers/promises';
import { TestDelay } from '../../schemas/opcodes/test-delay.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { exclusive } from '../engine/lock-wish.js';
import { opcode, step } from '../engine/opcode.js';

const MOST_STEPS = 60;
const TICK_MS = 1000;

export const testDelay = opcode(TestDelay, {
  version: 1,
  locks: ({ lock = [] }) => [...new Set(lock)].map((name) => exclusive.anyVm(name)),
  check: async (_world, { duration, fail_at_step, log = [] }) => ({
    count: Math.min(Math.max(Math.ceil(duration), 1), MOST_STEPS),
    durationMs: duration * 1000,
    failAt: fail_at_step ?? null,
    log: typeof log === 'string' ? [log] : log,
  }),
  steps: ({ count, durationMs, failAt, log }) =>
    Array.from({ length: count }, (_, index) =>
      step(`wait-${index + 1}`, `wait ${index + 1} of ${count}`, {
        run: async (context) => {
          if (index === 0) for (const text of log) context.log(text);
          if (failAt === index + 1) throw new ClassifiedError('environment_error', `step ${failAt} was asked to fail`);
          const stepMs = durationMs / count;
          for (let passedMs = 0; passedMs < stepMs; passedMs += TICK_MS) {
            context.progress(passedMs / stepMs);
            await setTimeout(Math.min(TICK_MS, stepMs - passedMs), undefined, { signal: context.signal });
          }
        },
      }),
    ),
  result: () => null,
});
