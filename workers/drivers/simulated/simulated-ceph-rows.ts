// What there is in the simulated Ceph: plain rows, each kept under its key.

export interface SimulatedOsd {
  kind: 'osd';
  id: number;
  fsid: string;
  node: string;
  device: string;
  deviceClass: string;
  sizeBytes: number;
  /** Its daemon runs, and the cluster sees it. */
  running: boolean;
  in: boolean;
  /** In the CRUSH tree; by its size when it is left out. */
  weight?: number;
  /** When it was set out, and what it held then: it gives that away little by little. */
  leaving: { sinceMs: number; pgs: number } | null;
}

export interface SimulatedPool {
  kind: 'pool';
  name: string;
  id: number;
  pgs: number;
  copies: number;
  minCopies: number;
}

export interface SimulatedSnapshot {
  name: string;
  id: number;
  sizeBytes: number;
  protected: boolean;
  created: string;
}

export interface SimulatedVolume {
  kind: 'volume';
  pool: string;
  volume: string;
  id: string;
  sizeBytes: number;
  created: string;
  snapshots: SimulatedSnapshot[];
  /** IDs of the clients that have it open. */
  watchers: number[];
}

export interface SimulatedDevice {
  kind: 'device';
  node: string;
  path: string;
  sizeBytes: number;
  mountPoints: string[];
  children: string[];
  signatures: string[];
  /** The OSD whose data is on it. */
  osd: { id: number; fsid: string } | null;
}

export interface SimulatedFlag {
  kind: 'flag';
  name: string;
}

/** The last number that was given to anything. */
interface Counter {
  kind: 'counter';
  last: number;
}

export type CephRow = SimulatedOsd | SimulatedPool | SimulatedVolume | SimulatedDevice | SimulatedFlag | Counter;

const NAME_OF: { [K in CephRow['kind']]: (row: Extract<CephRow, { kind: K }>) => readonly (string | number)[] } = {
  osd: ({ id }) => [id],
  pool: ({ name }) => [name],
  volume: ({ pool, volume }) => [pool, volume],
  device: ({ node, path }) => [node, path],
  flag: ({ name }) => [name],
  counter: () => [],
};

// No name holds a NUL.
export function keyOf(row: CephRow): string {
  const nameOf = NAME_OF[row.kind] as (row: CephRow) => readonly (string | number)[];
  return [row.kind, ...nameOf(row)].join('\0');
}
