// How a process reaches the Ceph of its cluster: through its commands, with the configuration file that the settings name.
import { existsSync } from 'node:fs';
import type { Config } from '../../schemas/config.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { CEPH_CHANGES, type Ceph, type CephMethod, type OpenCeph } from '../drivers/ceph.js';
import { commandCeph } from '../drivers/ceph-commands/command-ceph.js';
import { fewAtATime } from './few-at-a-time.js';
import { shareLook } from './shared-look.js';

/** Each runs up to three commands, and each command needs some 40 MB and a good part of a second of a processor. */
const LOOKS_AT_A_TIME = 6;

type Call = (...given: readonly unknown[]) => Promise<unknown>;

const LOOKS = (Object.keys(CEPH_CHANGES) as CephMethod[]).filter((method) => !CEPH_CHANGES[method]);

/** Opening it throws environment_error as long as there is no configuration file. */
export function reachCeph({ ceph: settings }: Pick<Config, 'ceph'>): OpenCeph {
  const inTurn = fewAtATime(LOOKS_AT_A_TIME);
  const open = commandCeph({
    conf: settings.conf,
    keyring: settings.keyring,
    user: settings.user,
    commandTimeoutMs: settings.command_timeout_s * 1000,
    silenceTimeoutMs: settings.silence_timeout_s * 1000,
  });
  // Every job that makes a volume wants to know how much is free.
  const pools = shareLook((onStderr) => inTurn(() => open({ onStderr }).pools()));
  return (context = {}) => {
    // Looked for each time: Ceph may be set up while this process runs.
    if (!existsSync(settings.conf)) throw new ClassifiedError('environment_error', 'no Ceph is configured');
    const ceph = open(context);
    const looks = LOOKS.map((method): [CephMethod, Call] => [
      method,
      (...given) => inTurn(() => (ceph[method] as Call)(...given), context.signal),
    ]);
    // Every method is there, under its own name, and takes and gives what it did.
    return { ...ceph, ...(Object.fromEntries(looks) as Partial<Ceph>), pools: () => pools(context) };
  };
}
