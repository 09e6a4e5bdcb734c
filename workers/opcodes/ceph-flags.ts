// What setting and unsetting a flag of the storage have in common.
import type { ResultOf } from '../../schemas/opcodes/opcode-schema.js';
import type { CephFlagSet } from '../../schemas/opcodes/ceph-flag-set.js';
import type { CephFlagUnset } from '../../schemas/opcodes/ceph-flag-unset.js';
import { exclusive, shared } from '../engine/lock-wish.js';
import { opcode, step, type OpcodeDefinition } from '../engine/opcode.js';

/** What the OSD map says when a flag is set, where that is not the flag's own name. */
const SHOWN_AS: Readonly<Record<string, readonly string[]>> = { pause: ['pauserd', 'pausewr'] };
/** Ceph never takes these back. */
const FOR_EVER: ReadonlySet<string> = new Set(['pglog_hardlimit']);

export const isFlagSet = (flags: readonly string[], flag: string): boolean =>
  flags.includes(flag) || (SHOWN_AS[flag]?.every((shown) => flags.includes(shown)) ?? false);

/** The opcode that makes a flag be set, or not. */
export const flagOpcode = (schema: typeof CephFlagSet | typeof CephFlagUnset, on: boolean): OpcodeDefinition =>
  opcode(schema, {
    version: 1,
    locks: ({ flag }) => [shared.storage(), exclusive.cephFlag(flag)],
    check: async (world, { flag }) => ({ flag, isSo: isFlagSet(await world.ceph().flags(), flag) === on }),
    steps: ({ flag, isSo }) =>
      isSo
        ? []
        : [
            step('set-flag', `${on ? 'set' : 'unset'} ${flag}`, {
              run: async ({ world }) => await world.ceph().setFlag(flag, on),
              ...(FOR_EVER.has(flag)
                ? {}
                : {
                    undo: async ({ world }) => {
                      const ceph = world.ceph();
                      if (isFlagSet(await ceph.flags(), flag) === on) await ceph.setFlag(flag, !on);
                    },
                  }),
            }),
          ],
    result: ({ flag }): ResultOf<typeof CephFlagSet> => ({ flag, set: on }),
  });
