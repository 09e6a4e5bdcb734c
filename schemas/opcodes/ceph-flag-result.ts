// What the opcodes that change a flag of the storage answer.
import Type from 'typebox';

export const CephFlagResult = Type.Object({
  flag: Type.String({ description: 'the flag' }),
  set: Type.Boolean({ description: 'whether it is set now' }),
});
