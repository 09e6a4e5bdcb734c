// Which locks cover which change: whoever changes this holds, exclusively, one of these.
import { isDeepStrictEqual } from 'node:util';
import { decodeSegment } from '../../src/cluster/path.js';
import { parseDomainXml } from '../../src/domain-xml/domain-description.js';
import type { Change } from '../../src/cluster/store.js';
import type { CephMethod } from '../../workers/drivers/ceph.js';
import type { OsdHostMethod } from '../../workers/drivers/ceph-osd-host.js';
import type { HypervisorMethod } from '../../workers/drivers/hypervisor.js';

/** Names of locks, each of which would do; one that ends with a star stands for all that begin like it. */
export type AnyOf = readonly string[];

interface Name {
  pool: string;
  volume: string;
}

/** Who settles all that is amiss in the storage holds it as a whole. */
const STORAGE = 'storage/ceph';
const vm = (uuid: string): AnyOf => [`vm/${uuid}`];
const pool = (name: string): AnyOf => [`pool/${name}`, STORAGE];
const volume = (spec: string): AnyOf => [`volume/${spec}`, ...pool(spec.split('/')[0] ?? '')];
const specOf = ({ pool: within, volume: name }: Name) => `${within}/${name}`;

/** The VMs whose claims on a node differ. */
function claimants(before: string, after: string): string[] {
  const [old, written] = [before, after].map((text) => JSON.parse(text === '' ? '{}' : text) as Record<string, unknown>);
  return Object.keys({ ...old, ...written }).filter((uuid) => !isDeepStrictEqual(old?.[uuid], written?.[uuid]));
}

/** By collection. `data` is what is written; of what is removed, what stood there. `before` is what stands there until then. */
const DOCUMENTS: Readonly<
  Record<string, (key: string, data: string, kind: Change['kind'], below: string | undefined, before: string) => AnyOf>
> = {
  vms: vm,
  // A name is given under its own lock, and taken away with its VM.
  'vm-names': (key, data, kind) => (kind === 'create' ? [`vm-name/${key}`] : vm(data)),
  nodes: (key) => [`node-maintenance/${key}`],
  claims: (_node, data, _kind, _below, before) => vm(claimants(before, data).join(' and ')),
  osds: (key, data) => {
    const { node, device } = JSON.parse(data) as { node: string; device: string };
    return [`osd/${key}`, `osd-device/${node}${device}`, STORAGE];
  },
  // The list of a part's users comes and goes with its entries.
  'storage-users': (_part, _data, _kind, uuid = '*') => vm(uuid),
  // One without a text is none: whoever comes to need the part proves by it that there is none.
  'storage-marks': (part, data) => (data === '' ? vm('*') : part.includes('/') ? volume(part.replace(/@.*$/, '')) : pool(part)),
  pools: pool,
  volumes: volume,
  'primary-wish': () => ['election/primary-wish'],
};

/** For a change of the cluster's state; undefined: it is none that locks are for. */
export function lockOfDocument({ path, kind }: Change, data: string, before: string): AnyOf | undefined {
  const [, collection = '', key = '', below] = path.split('/');
  if (collection === 'locks') return undefined;
  const rule = DOCUMENTS[collection];
  if (rule === undefined) throw new Error(`no rule says which lock covers ${path}`);
  return rule(decodeSegment(key), data, kind, below, before);
}

/** For a call to a hypervisor: about one guest, by its UUID or its XML. */
export const lockOfGuest = (method: HypervisorMethod, [first]: readonly unknown[]): AnyOf =>
  vm(method === 'define' ? (parseDomainXml(String(first)).uuid ?? '') : String(first));

const ofVolume = (name: unknown): AnyOf[] => [volume(specOf(name as Name))];
// One that is being made is known by its device only.
const ofOsd = (id: unknown): AnyOf[] => [[`osd/${String(id)}`, 'osd-device/*']];

/** By method, where it is not about the volume that is named first. */
const IN_CEPH: Partial<Record<CephMethod, (first: unknown, second: unknown) => AnyOf[]>> = {
  setFlag: (flag) => [[`ceph-flag/${String(flag)}`]],
  osdIn: ofOsd,
  osdOut: ofOsd,
  setOsdWeight: ofOsd,
  purgeOsd: ofOsd,
  createPool: (made) => [pool((made as { name: string }).name)],
  removePool: (name) => [pool(String(name))],
  copyVolume: (_, target) => ofVolume(target),
  renameVolume: (name, newName) => [...ofVolume(name), ...ofVolume({ ...(name as Name), volume: newName })],
};

/** For a call to Ceph; several sets when it changes several things. */
export const locksOfCeph = (method: CephMethod, [first, second]: readonly unknown[]): AnyOf[] =>
  (IN_CEPH[method] ?? ofVolume)(first, second);

/** For a call about the OSDs of a node. */
export function lockOfOsdHost(node: string, method: OsdHostMethod, [first]: readonly unknown[]): AnyOf {
  if (method === 'prepareOsd') return [`osd-device/${node}${(first as { device: string }).device}`];
  if (method === 'zapDevice') return [`osd-device/${node}${String(first)}`, 'osd/*'];
  return [`osd/${String(first)}`, `osd-device/${node}*`];
}

/** Whether one of these is held. */
export const isCovered = (anyOf: AnyOf, held: readonly string[]): boolean =>
  anyOf.some((name) => held.some((one) => (name.endsWith('*') ? one.startsWith(name.slice(0, -1)) : one === name)));
