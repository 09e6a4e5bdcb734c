// OP_TEST_DELAY: does nothing for a while (Ganeti's opcode of that name): for trying queue, waiting, cancelling and recovery.
import Type from 'typebox';
import { VmReference } from '../names.js';
import { opcodeSchema } from './opcode-schema.js';

const LogText = Type.String({ maxLength: 4096 });

export const TestDelay = opcodeSchema({
  id: 'OP_TEST_DELAY',
  title: 'Wait',
  description:
    'Waits in as many steps as its duration has begun seconds (one at least, 60 at most). It can be cancelled at any moment and changes ' +
    'nothing.',
  summaryParameter: 'duration',
  parameters: {
    duration: Type.Number({ minimum: 0, maximum: 86_400, description: 'seconds to wait' }),
    fail_at_step: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 60,
        description: 'the step, from 1, that fails with `environment_error`; a later one than the last never does',
      }),
    ),
    log: Type.Optional(
      Type.Union([LogText, Type.Array(LogText, { maxItems: 1000 })], {
        description: 'a text, or several in order, that the first step writes to the log',
      }),
    ),
    lock: Type.Optional(
      Type.Array(VmReference, {
        maxItems: 16,
        description: "hold these names' locks, exclusively, while it waits; they need not exist as VMs",
      }),
    ),
  },
  result: Type.Null(),
});
