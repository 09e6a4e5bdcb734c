// All that the cluster tells of itself, with each of Ceph's commands run once: a ceph command takes a third of a second of a processor.
import type { Ceph } from '../ceph.js';
import type { CephClient } from './ceph-client.js';
import { asRecord, textsIn } from './ceph-json.js';
import { osdDump } from './osd-commands.js';
import { readOsds } from './osd-readings.js';
import { readPools } from './pool-readings.js';

export function surveyCommands(client: CephClient): Pick<Ceph, 'survey'> {
  const wish = { what: 'report the state of the cluster' };
  const data = async (...words: string[]) => asRecord(await client.ceph(words, wish));
  const text = (...words: string[]) => client.cephText(words, wish);

  return {
    // One after the other: a look is not worth a crowd of commands.
    async survey() {
      const status = { text: await text('status'), data: await data('status') };
      const df = { text: await text('df'), data: await data('df') };
      const dump = await osdDump(client);
      const osds = readOsds(dump, await data('osd', 'df', 'tree'), await text('osd', 'status'));
      const pools = readPools(dump, df.data, await client.rados(['df'], wish));
      return { status, df, flags: textsIn(dump, 'flags_set').toSorted(), osds, pools };
    },
  };
}
