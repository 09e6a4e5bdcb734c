// A real Ceph, behind the port: its own commands, run by any machine that has its configuration and a key.
import type { OpenCeph } from '../ceph.js';
import { cephClient, type CephSettings } from './ceph-client.js';
import { osdCommands } from './osd-commands.js';
import { poolCommands } from './pool-commands.js';
import { surveyCommands } from './survey.js';
import { snapshotCommands } from './snapshot-commands.js';
import { volumeCommands } from './volume-commands.js';

export function commandCeph(settings: CephSettings): OpenCeph {
  return (context = {}) => {
    const client = cephClient(settings, context);
    return {
      ...surveyCommands(client),
      ...osdCommands(client),
      ...poolCommands(client),
      ...volumeCommands(client, context.signal),
      ...snapshotCommands(client),
    };
  };
}
