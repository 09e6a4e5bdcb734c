// The OSDs and flags of the cluster, through the ceph command. It takes 0.2 s each time: a list asks for all at once.
import { ClassifiedError } from '../../../src/errors/classified-error.js';
import type { Ceph } from '../ceph.js';
import type { CephClient } from './ceph-client.js';
import { cephError, Errno } from './ceph-errno.js';
import { asRecord, type CephRecord, numberIn, numbersIn, parseCephJson, recordIn, recordsIn, textsIn } from './ceph-json.js';
import { nameOf } from '../ceph-names.js';
import { readOsds } from './osd-readings.js';

type OsdMethods = Pick<Ceph, 'flags' | 'setFlag' | 'osds' | 'osdIn' | 'osdOut' | 'setOsdWeight' | 'osdDrain' | 'purgeOsd'>;

/** States of placement groups, any of them. */
const SHORT_OF_COPIES = ['degraded', 'undersized', 'peering', 'activating', 'down', 'incomplete', 'stale', 'creating'];
/** Ceph's `mgr_stats_period` is 5 s unless it is told otherwise. */
const REPORTED_WITHIN_MS = 7000;

/** Flags that the OSD map calls otherwise than the command. */
const SHOWN_AS: ReadonlyMap<string, string> = new Map([['pause', 'pauserd']]);

export const osdDump = async (client: CephClient): Promise<CephRecord> =>
  asRecord(await client.ceph(['osd', 'dump'], { what: 'read the OSD map' }));

export function osdCommands(client: CephClient): OsdMethods {
  /** Ceph itself does not mind an OSD that does not exist. */
  async function known(id: number): Promise<void> {
    const osds = recordsIn(await osdDump(client), 'osds');
    if (!osds.some((osd) => numberIn(osd, 'osd') === id)) throw new ClassifiedError('unknown_entity', `OSD ${id} does not exist`);
  }

  async function change(id: number, word: 'in' | 'out'): Promise<void> {
    await known(id);
    await client.changing.ceph(['osd', word, String(id)], { what: `set OSD ${id} ${word}` });
  }

  async function heldPgs(id: number): Promise<number> {
    const dump = asRecord(await client.ceph(['pg', 'dump', 'osds'], { what: 'count placement groups' }));
    const osd = [...recordsIn(dump, 'osd_stats'), ...recordsIn(recordIn(dump, 'pg_map'), 'osd_stats')].find(
      (stats) => numberIn(stats, 'osd') === id,
    );
    return osd === undefined ? 0 : numberIn(osd, 'num_pgs');
  }

  /** Placement groups of the whole cluster of which a copy is missing somewhere, or may be. */
  async function shortPgs(): Promise<number> {
    const list = asRecord(await client.ceph(['pg', 'ls', ...SHORT_OF_COPIES], { what: 'count placement groups' }));
    // A manager that has just begun knows none of them, and lists none.
    if (list['pg_ready'] === false)
      throw new ClassifiedError('environment_error', 'the manager of Ceph does not know the placement groups yet');
    return recordsIn(list, 'pg_stats').length;
  }

  /** It says no with an error number of its own, and with an answer all the same. */
  async function isSafeToDestroy(id: number): Promise<boolean> {
    const { exitCode, stdout, stderr } = await client.tryCeph(['osd', 'safe-to-destroy', String(id)]);
    if (exitCode === 0) return numbersIn(asRecord(parseCephJson(stdout, 'judge an OSD')), 'safe_to_destroy').includes(id);
    if (exitCode === Errno.busy || exitCode === Errno.again) return false;
    throw cephError({ what: `judge whether OSD ${id} is needed`, exitCode, stderr });
  }

  return {
    flags: async () => textsIn(await osdDump(client), 'flags_set').toSorted(),
    async setFlag(flag, on) {
      const words = ['osd', on ? 'set' : 'unset', nameOf('flag', flag)];
      // A first command shows that the cluster answers: from then on EPERM can only mean this flag.
      if (textsIn(await osdDump(client), 'flags_set').includes(SHOWN_AS.get(flag) ?? flag) === on) return;
      const meanings = {
        [Errno.notPermitted]: ['wrong_state', `Ceph does not allow flag "${flag}" to be ${on ? 'set' : 'unset'} now`],
        [Errno.invalid]: ['wrong_input', `Ceph knows no flag "${flag}" that could be ${on ? 'set' : 'unset'}`],
      } as const;
      await client.changing.ceph(words, { what: `${on ? 'set' : 'unset'} flag ${flag}`, meanings });
    },
    async osds() {
      const what = 'list the OSDs';
      const [[dump, dfTree], table] = await Promise.all([
        client.cephEach(['osd dump', 'osd df tree'], { what }),
        client.cephText(['osd', 'status'], { what }),
      ]);
      return readOsds(dump, dfTree, table);
    },
    osdIn: (id) => change(id, 'in'),
    osdOut: (id) => change(id, 'out'),
    async setOsdWeight(id, weight) {
      await known(id);
      const meanings = { [Errno.noEntity]: ['unknown_entity', `OSD ${id} stands nowhere in the CRUSH tree`] } as const;
      await client.changing.ceph(['osd', 'crush', 'reweight', `osd.${id}`, String(weight)], { what: `weigh OSD ${id}`, meanings });
    },
    async osdDrain(id) {
      // `safe-to-destroy` goes by what OSDs have reported, which it takes for nothing when an OSD has just been set out: by itself it lets one go
      // whose data have their only other copy elsewhere. So no copy may be missing, and both must be so for longer than a report takes to come.
      const looksSafe = async () => (await isSafeToDestroy(id)) && (await shortPgs()) === 0;
      const safeToDestroy = (await looksSafe()) && (await client.pause(REPORTED_WITHIN_MS), await looksSafe());
      const held = await heldPgs(id);
      if (held > 0) return { pgs: held, safeToDestroy };
      await known(id);
      // What belongs elsewhere by the map may still have copies here only.
      return { pgs: safeToDestroy ? 0 : await shortPgs(), safeToDestroy };
    },
    purgeOsd: async (id) => {
      const meanings = { [Errno.busy]: ['wrong_state', `OSD ${id} is up`] } as const;
      await client.changing.ceph(['osd', 'purge', String(id), '--force', '--yes-i-really-mean-it'], { what: `purge OSD ${id}`, meanings });
    },
  };
}
