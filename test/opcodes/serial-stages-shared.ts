// What two jobs at a time are asked of that work on VMs and storage at once: a VM with its disks, and the OSDs of a node.
import type { Opcode } from '../../schemas/job.js';
import { vmFromXml } from '../../src/cluster/vm-from-xml.js';
import { newDomainXml } from '../../src/domain-xml/new-domain-xml.js';
import type { TestCluster } from '../harness/cluster.js';
import { putOsd } from '../harness/osds.js';
import { partAbout } from '../harness/snapshot.js';
import { GIB, putPool, putVolume } from '../harness/storage.js';
import { withoutNumbers } from './osd-scenarios.js';
import { asking, type First, type Mark, type Second, type Stage } from './serial-order.js';

const ACCESS = { monitors: [{ host: 'mon' }], user: 'admin', secretUuid: '8f0bd1a4-6f2c-4b53-9d5a-2f6a1c3e7b90' };
const SAMPLE: Mark = { name: 'name', uuid: '00000000-0000-4000-8000-000000000000' };

const diskXml = ({ name, uuid }: Mark, pool: string, volumes: string[]): string =>
  newDomainXml(
    { type: 'kvm', name, uuid, description: '', memoryMib: 64, vcpus: 1, volumes: volumes.map((volume) => ({ pool, volume })), nics: [] },
    ACCESS,
  );
/** Another VM of the same place. */
const other = ({ name, uuid }: Mark): Mark => ({ name: `${name}other`, uuid: uuid.replace('-8000-', '-8001-') });

/** A VM that has the volume `disk`, and a volume `free` that nobody has, both in a pool of its name. */
async function withDisk(cluster: TestCluster, mark: Mark, state: 'stop' | 'start'): Promise<Mark> {
  const { name, uuid } = mark;
  await putPool(cluster, name);
  await putVolume(cluster, name, 'disk', 2 * GIB, ['s1']);
  await putVolume(cluster, name, 'free');
  const xml = diskXml(mark, name, ['disk']);
  const rest = { last_node: '', target_node: '', failed_reason: '', node_selector: null, defined_by: 0 };
  await cluster.vms.create({ ...vmFromXml(xml), uuid, state, node: 'hv1', ...rest });
  if (state === 'stop') return mark;
  const hypervisor = await cluster.world.hypervisors.on('hv1');
  await hypervisor.define(xml);
  await hypervisor.start(uuid);
  return mark;
}

const STATES = {
  stop: (cluster: TestCluster, mark: Mark) => withDisk(cluster, mark, 'stop'),
  start: (cluster: TestCluster, mark: Mark) => withDisk(cluster, mark, 'start'),
};

type Wish = [state: 'any' | 'stop' | 'start', label: string, op: (mark: Mark) => Opcode];

const ofVm =
  (OP_ID: string, more: (mark: Mark) => Record<string, unknown> = () => ({})) =>
  (mark: Mark): Opcode => ({ OP_ID, vm: mark.uuid, ...more(mark) });
const ofVolume =
  (OP_ID: string, volume: string, more: Record<string, unknown> = {}) =>
  ({ name: pool }: Mark): Opcode => ({ OP_ID, pool, volume, ...more });

const VM_WISHES: readonly Wish[] = [
  ['stop', 'start', ofVm('OP_VM_START')],
  ['start', 'stop', ofVm('OP_VM_STOP')],
  ['any', 'undefine', ofVm('OP_VM_UNDEFINE')],
  ['any', 'undefine with its disks', ofVm('OP_VM_UNDEFINE', () => ({ delete_disks: true }))],
  ['any', 'give it the other volume too', ofVm('OP_VM_MODIFY', (mark) => ({ xml: diskXml(mark, mark.name, ['disk', 'free']) }))],
  ['stop', 'take its disk away', ofVm('OP_VM_MODIFY', (mark) => ({ xml: diskXml(mark, mark.name, []) }))],
  ['any', 'migrate', ofVm('OP_VM_MIGRATE', () => ({ node: 'hv2' }))],
  [
    'stop',
    'define another VM with the other volume',
    (mark) => ({ OP_ID: 'OP_VM_DEFINE', xml: diskXml(other(mark), mark.name, ['free']), node: 'hv1' }),
  ],
  [
    'stop',
    'create another VM with a copy of the snapshot',
    (mark) => ({
      OP_ID: 'OP_VM_CREATE',
      ...other(mark),
      vcpus: 1,
      memory: 64,
      node: 'hv1',
      disks: [{ pool: mark.name, volume: 'copy', size: '2G', clone_of: { pool: mark.name, volume: 'disk', snapshot: 's1' } }],
    }),
  ],
];

const STORAGE_WISHES: readonly Wish[] = [
  ['stop', 'remove its disk', ofVolume('OP_VOLUME_REMOVE', 'disk')],
  ['stop', 'remove the other volume', ofVolume('OP_VOLUME_REMOVE', 'free')],
  ['any', 'grow its disk', ofVolume('OP_VOLUME_RESIZE', 'disk', { size: '4G' })],
  ['stop', 'shrink its disk', ofVolume('OP_VOLUME_RESIZE', 'disk', { size: '1G', shrink: true })],
  ['stop', 'shrink the other volume', ofVolume('OP_VOLUME_RESIZE', 'free', { size: '512M', shrink: true })],
  ['stop', 'rename the other volume', ofVolume('OP_VOLUME_RENAME', 'free', { new_name: 'renamed' })],
  ['stop', 'roll its disk back', ofVolume('OP_SNAPSHOT_ROLLBACK', 'disk', { snapshot: 's1' })],
  ['stop', 'remove the snapshot', ofVolume('OP_SNAPSHOT_REMOVE', 'disk', { snapshot: 's1' })],
  ['stop', 'take another snapshot', ofVolume('OP_SNAPSHOT_ADD', 'disk', { snapshot: 's2' })],
  ['stop', 'copy its disk', ofVolume('OP_VOLUME_CLONE', 'disk', { new_name: 'copy' })],
  ['stop', 'remove the pool', ({ name }) => ({ OP_ID: 'OP_POOL_REMOVE', pool: name, yes_i_really_mean_it: true })],
];

const firstsOf = (kind: string, wishes: readonly Wish[]) =>
  wishes.flatMap(([state, what, op]) =>
    (['stop', 'start'] as const)
      .filter((each) => state === 'any' || state === each)
      .map((each): First<Mark> => {
        const label = `${kind}: ${what} (${each === 'stop' ? 'stopped' : 'running'})`;
        return asking({ label, setting: STATES[each], prepare: STATES[each], op }, SAMPLE);
      }),
  );
const secondsOf = (kind: string, wishes: readonly Wish[]) =>
  wishes.map(([, what, op]): Second<Mark> => asking({ label: `${kind}: ${what}`, op }, SAMPLE));

/** Of the one kind first and of the other then. */
export const DISKS: Stage<Mark> = {
  // Enough OSDs for the pools.
  options: { nodes: Array.from({ length: 60 }, (_, index) => `hv${index + 1}`) },
  firsts: [...firstsOf('VM', VM_WISHES), ...firstsOf('storage', STORAGE_WISHES)],
  seconds: [...secondsOf('VM', VM_WISHES), ...secondsOf('storage', STORAGE_WISHES)],
  suits: (first, second) => first.startsWith('VM') !== second.startsWith('VM'),
  stand: (snapshot, mark) => JSON.parse(JSON.stringify(partAbout(snapshot, mark)).replaceAll(other(mark).uuid, 'OTHER')) as unknown,
};

interface Place {
  node: string;
  osd: number;
}

const device =
  (path: string, more = {}) =>
  ({ node }: Place) => ({ OP_ID: 'OP_OSD_ADD', node, device: path, ...more });
const known =
  (OP_ID: string, more = {}) =>
  ({ osd }: Place) => ({ OP_ID, osd, ...more });
const really = { yes_i_really_mean_it: true };

const inAndUp = async (cluster: TestCluster, { name: node }: Mark): Promise<Place> => ({ node, osd: await putOsd(cluster, node) });
async function out(cluster: TestCluster, mark: Mark): Promise<Place> {
  const place = await inAndUp(cluster, mark);
  await cluster.ceph.open().osdOut(place.osd);
  return place;
}
async function crashed(cluster: TestCluster, mark: Mark): Promise<Place> {
  const place = await inAndUp(cluster, mark);
  await cluster.ceph.crashOsd(place.osd);
  await cluster.ceph.open().osdOut(place.osd);
  return place;
}

type OsdWish = [label: string, op: (place: Place) => Opcode, prepare: (cluster: TestCluster, mark: Mark) => Promise<Place>];

const IN_AND_OUT: readonly OsdWish[] = [
  ['set it out', known('OP_OSD_OUT'), inAndUp],
  ['set it in', known('OP_OSD_IN'), out],
];

/** A node for each place. */
const MOST_PLACES = 70;

const osdStage = (wishes: readonly OsdWish[]): Stage<Place> => ({
  options: { nodes: Array.from({ length: MOST_PLACES }, (_, index) => `place-${index + 1}x`) },
  firsts: wishes.map(([label, op, prepare]) => asking({ label, setting: prepare, prepare, op }, { node: 'node', osd: 1 })),
  seconds: wishes.map(([label, op]) => asking({ label, op }, { node: 'node', osd: 1 })),
  stand: (snapshot, mark) => withoutNumbers(partAbout(snapshot, mark)),
});

// Ceph gives the number of an OSD that was removed to the next one that is made, so that the places of one cluster would not be apart.
export const NEW_OSDS: Stage<Place> = osdStage([
  ['make one of a device', device('/dev/sdc'), inAndUp],
  ['make one of another device, with a weight', device('/dev/sdd', { weight: 2.5 }), inAndUp],
  ...IN_AND_OUT,
]);
export const OLD_OSDS: Stage<Place> = osdStage([
  ['remove it', known('OP_OSD_REMOVE', really), inAndUp],
  ['remove it by force', known('OP_OSD_REMOVE', { ...really, force: true }), crashed],
  ...IN_AND_OUT,
]);
