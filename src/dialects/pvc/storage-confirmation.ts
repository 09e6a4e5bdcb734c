// The value that PVC's clients must give for what destroys data, in the spelling of either manual.
import Type from 'typebox';
import { wrongInput } from '../../validation/wrong-input.js';

const description = 'must be true, or a bare flag: data is lost for good';

export const CONFIRMATION = {
  yes_i_really_mean_it: Type.Optional(Type.Boolean({ description })),
  flag_yes_i_really_mean_it: Type.Optional(Type.Boolean({ description: `${description}; the older spelling` })),
};

interface Given {
  yes_i_really_mean_it?: boolean;
  flag_yes_i_really_mean_it?: boolean;
}

/** The parameter of the opcode. Throws wrong_input with PVC's text when it is not given. */
export function confirmed({ yes_i_really_mean_it: given = false, flag_yes_i_really_mean_it: flagged = false }: Given) {
  if (given || flagged) return { yes_i_really_mean_it: true };
  throw wrongInput([
    {
      pointer: '/yes_i_really_mean_it',
      message:
        "This command can have unintended consequences and should not be automated; if you're sure you know what you're doing, resend with the " +
        "argument 'yes_i_really_mean_it'.",
    },
  ]);
}
