// What the primary's agent last heard of Ceph. It stays when the agent goes or Ceph is away, and says when it was heard.
//
// A node of the store holds less than 1 MB, and every reader reads a changed node whole: OSDs and pools stand in parts of some hundred.
import { compareAndSet } from './compare-and-set.js';
import type { Change, Store } from './store.js';

export const STORAGE_REPORTS = '/storage-reports';

/** Text as Ceph's command prints it for people, and the same as data. */
export interface CommandReport {
  text: string;
  data: Record<string, unknown>;
}

/** An OSD as Ceph tells of it. */
export interface OsdFigures {
  id: number;
  /** The UUID that it was made with. */
  fsid: string;
  up: boolean;
  in: boolean;
  /** As in the OSD map: `exists`, `up`, `new`, `destroyed`… */
  state: string[];
  /** The host that it stands under in the CRUSH tree; empty: under none yet. */
  host: string;
  /** `hdd`, `ssd`, `nvme`; empty: none yet. */
  deviceClass: string;
  /** From 0 to 1. */
  primaryAffinity: number;
  /** In the CRUSH tree: TiB, by custom. */
  crushWeight: number;
  /** From 0 (out) to 1. */
  reweight: number;
  /** Placement groups that the cluster maps to it now. */
  pgs: number;
  sizeBytes: number;
  usedBytes: number;
  freeBytes: number;
  usedPercent: number;
  /** How full it is, relative to the mean of all. */
  variance: number;
  readOpsPerS: number;
  readBytesPerS: number;
  writeOpsPerS: number;
  writeBytesPerS: number;
}

/** A pool as Ceph tells of it. */
export interface PoolFigures {
  name: string;
  id: number;
  /** What could still be stored in it, copies not counted. */
  freeBytes: number;
  /** What its data takes on the devices, copies counted. */
  usedBytes: number;
  /** What is stored in it, copies not counted. */
  storedBytes: number;
  /** From 0 to 1. */
  usedRatio: number;
  objects: number;
  objectClones: number;
  objectCopies: number;
  objectsMissing: number;
  objectsUnfound: number;
  objectsDegraded: number;
  readOps: number;
  readBytes: number;
  writeOps: number;
  writeBytes: number;
}

export interface StorageReport {
  /** The node whose agent asked Ceph. */
  node: string;
  /** When it asked, in seconds since 1970. */
  collectedAtS: number;
  status: CommandReport;
  /** Flags that are set. */
  flags: string[];
  df: CommandReport;
  osds: OsdFigures[];
  pools: PoolFigures[];
}

interface Collected {
  collected_at: number;
  primary_node: string;
}

/** A command's report as it is kept; `data` is null when it is too large. */
interface KeptReport {
  text: string;
  data: Record<string, unknown> | null;
}

/** What one node of the store holds; which of these it is, its name says. */
export interface ReportPart extends Collected {
  status?: KeptReport & { flags: string[] };
  df?: KeptReport;
  osds?: OsdFigures[];
  pools?: PoolFigures[];
}

const PER_PART = 500;
const MOST_JSON = 700_000;
const MOST_TEXT = 100_000;

function parts<T>(name: 'osds' | 'pools', all: readonly T[], collected: Collected): [string, string][] {
  const count = Math.ceil(all.length / PER_PART);
  return Array.from({ length: count }, (_, part) => [
    `${name}-${part}`,
    JSON.stringify({ ...collected, [name]: all.slice(part * PER_PART, (part + 1) * PER_PART) }),
  ]);
}

const kept = ({ text, data }: CommandReport): KeptReport => ({
  text: text.slice(0, MOST_TEXT),
  data: Buffer.byteLength(JSON.stringify(data)) > MOST_JSON ? null : data,
});

function nodesOf({ node, collectedAtS, status, flags, df, osds, pools }: StorageReport): Map<string, string> {
  const collected: Collected = { collected_at: collectedAtS, primary_node: node };
  return new Map([
    ['status', JSON.stringify({ ...collected, status: { ...kept(status), flags } })],
    ['df', JSON.stringify({ ...collected, df: kept(df) })],
    ...parts('osds', osds, collected),
    ...parts('pools', pools, collected),
  ]);
}

/**
 * Tells what was heard, and takes away the parts of older reports that are not needed any more. Whose report counts is not decided here, and
 * by no clock: the primary gives a store whose commits are refused once it is the primary no more (fence.ts).
 */
export async function reportStorage(store: Store, report: StorageReport): Promise<void> {
  const nodes = nodesOf(report);
  const present = await store.children(STORAGE_REPORTS);
  await Promise.all([...nodes].map(([name, text]) => replace(store, name, text)));
  const surplus = present.filter((name) => !nodes.has(name));
  await Promise.all(surplus.map((name) => replace(store, name, undefined)));
}

async function replace(store: Store, name: string, text: string | undefined): Promise<void> {
  const path = `${STORAGE_REPORTS}/${name}`;
  await compareAndSet(store, async () => {
    const present = await store.get(path);
    return { changes: present?.data === text ? [] : changeTo(path, text, present?.version), result: undefined };
  });
}

function changeTo(path: string, data: string | undefined, version: number | undefined): Change[] {
  if (data === undefined) return version === undefined ? [] : [{ kind: 'remove', path, version }];
  return [version === undefined ? { kind: 'create', path, data } : { kind: 'set', path, data, version }];
}
