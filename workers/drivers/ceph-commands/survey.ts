// All that the cluster tells of itself, with each of Ceph's commands run once, and in few processes.
import type { Ceph } from '../ceph.js';
import type { CephClient } from './ceph-client.js';
import { asRecord, textsIn } from './ceph-json.js';
import { readOsds } from './osd-readings.js';
import { readPools } from './pool-readings.js';

export function surveyCommands(client: CephClient): Pick<Ceph, 'survey'> {
  const wish = { what: 'report the state of the cluster' };
  return {
    // One after the other: a look is not worth a crowd of processes.
    async survey() {
      const [status, df, dump, dfTree] = (await client.cephEach(['status', 'df', 'osd dump', 'osd df tree'], wish)).map(asRecord);
      const [statusText = '', dfText = '', osdStatus = ''] = await client.cephTextEach(['status', 'df', 'osd status'], wish);
      return {
        status: { text: statusText, data: { ...status } },
        df: { text: dfText, data: { ...df } },
        flags: textsIn(asRecord(dump), 'flags_set').toSorted(),
        osds: readOsds(dump, dfTree, osdStatus),
        pools: readPools(dump, df, await client.rados(['df'], wish)),
      };
    },
  };
}
