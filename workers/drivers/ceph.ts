// The port to the Ceph cluster: what any machine with a keyring can do. The ceph and rbd commands and the simulated Ceph stand behind it;
// both pass test/contract/ceph.ts. Errors are ClassifiedError; any method may fail with environment_error: Ceph did not answer in time.
//
// Removes are repeatable: what is gone already is fine. So are changes of a value. Creates are strict, already_exists: a step that may
// have been run before looks first, and what it finds is its own, for its check has seen under the lock that there was none. No create
// leaves a half thing under the name it was asked for, wherever it is killed.
import type { CommandReport, OsdFigures, PoolFigures } from '../../src/cluster/storage-reports.js';
import type { CallContext } from './call-context.js';
import type { Fence } from './hypervisor.js';

/** Figures that the cluster keeps of its storage are Ceph's own: the same shape in both places. */
export type CephReport = CommandReport;
export type OsdSighting = OsdFigures;

/** The cluster as a whole at one time. */
export interface CephSurvey {
  status: CephReport;
  /** How full the cluster and its pools are. */
  df: CephReport;
  /** As `flags` answers them. */
  flags: string[];
  osds: OsdSighting[];
  pools: PoolSighting[];
}

/** How far an OSD that was set out has given its data away. */
export interface OsdDrain {
  /** Placement groups of which it holds a copy, or else those that are not complete without it; of a dead one: the last number that it told. For progress: what decides is the other. */
  pgs: number;
  /** Ceph's own word: no data would be lost or less safe without it. False also while Ceph does not know. */
  safeToDestroy: boolean;
}

export interface PoolSighting extends PoolFigures {
  pgs: number;
  copies: number;
  minCopies: number;
  /** What it was made for: `rbd`, `mgr`… */
  applications: string[];
}

export interface NewPool {
  name: string;
  /** Placement groups; they stay that many. */
  pgs: number;
  /** Replicas of each object. */
  copies: number;
  /** How many of them must be there for the pool to take writes. */
  minCopies: number;
}

export interface VolumeName {
  pool: string;
  volume: string;
}

export interface SnapshotName extends VolumeName {
  snapshot: string;
}

export interface VolumeFacts extends VolumeName {
  /** RBD's own ID of the image: stays through renames, differs when a name is given again. */
  id: string;
  sizeBytes: number;
  objects: number;
  /** The binary logarithm of the size of an object. */
  order: number;
  objectSizeBytes: number;
  snapshotCount: number;
  blockNamePrefix: string;
  format: number;
  features: string[];
  flags: string[];
  /** As `rbd` writes it; empty where it does not. */
  created: string;
}

export interface SnapshotFacts extends SnapshotName {
  id: number;
  /** Of the volume when it was taken. */
  sizeBytes: number;
  protected: boolean;
  /** As `rbd` writes it; empty where it does not. */
  created: string;
}

/** A client that has a volume open. */
export interface Watcher {
  /** Address, port and nonce: `10.0.0.1:0/3524471`. */
  address: string;
  client: number;
  cookie: string;
}

export interface Ceph {
  /** All that it tells of itself. */
  survey(): Promise<CephSurvey>;
  /** Flags of the OSD map that are set: `noout`, `sortbitwise`… */
  flags(): Promise<string[]>;
  /** Sets or unsets a flag that `ceph osd set` knows; fine when it is so already. wrong_input: it knows no such flag. wrong_state: Ceph refuses. */
  setFlag(flag: string, on: boolean): Promise<void>;

  /** In order of IDs. */
  osds(): Promise<OsdSighting[]>;
  /** Lets data be placed on it; fine when it is in. unknown_entity: no such OSD. */
  osdIn(id: number): Promise<void>;
  /** Lets its data be moved away; fine when it is out. unknown_entity: no such OSD. */
  osdOut(id: number): Promise<void>;
  /** Its weight in the CRUSH tree; fine when it has that. unknown_entity: no such OSD, or it stands under no host yet. */
  setOsdWeight(id: number, weight: number): Promise<void>;
  /** unknown_entity: no such OSD. */
  osdDrain(id: number): Promise<OsdDrain>;
  /** Makes the cluster forget the OSD, its key and its place in the tree; fine when it is gone. wrong_state: its daemon is up. */
  purgeOsd(id: number): Promise<void>;

  /** In order of names. */
  pools(): Promise<PoolSighting[]>;
  /**
   * Makes a replicated pool for RBD; a pool of that name that no application has yet is taken for a half made one, and completed.
   * already_exists: the pool is there. wrong_input: Ceph does not take these numbers. insufficient_resources: more placement groups than
   * the OSDs may have.
   */
  createPool(pool: NewPool): Promise<void>;
  /** Removes a pool with all that is in it; fine when it is gone. wrong_state: the monitors do not allow it (`mon_allow_pool_delete`). */
  removePool(name: string): Promise<void>;

  /** In order of names; a copy that is not complete is none of them. unknown_entity: no such pool. */
  volumes(pool: string): Promise<VolumeName[]>;
  /** Undefined: no such volume. unknown_entity: no such pool. */
  volume(name: VolumeName): Promise<VolumeFacts | undefined>;
  /**
   * Takes space only as it is written to: it may be larger than what is free. already_exists; unknown_entity: no such pool;
   * insufficient_resources: a quota is reached. A cluster that is full lets clients wait, which ends as environment_error.
   */
  createVolume(name: VolumeName, sizeBytes: number): Promise<void>;
  /** Fine when it has that size. unknown_entity: no such volume; wrong_input: it would lose its end, and `allowShrink` is not set. */
  resizeVolume(name: VolumeName, sizeBytes: number, options?: { allowShrink?: boolean }): Promise<void>;
  /** Fine when the old name is gone and the new one there. unknown_entity: neither is; already_exists: both are. */
  renameVolume(name: VolumeName, newName: string): Promise<void>;
  /**
   * Copies a volume, or one of its snapshots, in full into a new volume that depends on nothing; tells progress. The new name appears when
   * all is copied. unknown_entity: no such source or pool; already_exists: the new one; insufficient_resources: as for createVolume.
   */
  copyVolume(source: VolumeName | SnapshotName, target: VolumeName): Promise<void>;
  /**
   * Removes a volume, and what an interrupted copy to its name left; fine when it is gone; tells progress.
   * unknown_entity: no such pool. wrong_state: a client watches it, or it has snapshots.
   */
  removeVolume(name: VolumeName): Promise<void>;
  /** unknown_entity: no such volume. */
  watchers(name: VolumeName): Promise<Watcher[]>;

  /** In the order in which they were taken. unknown_entity: no such volume. */
  snapshots(name: VolumeName): Promise<SnapshotFacts[]>;
  /** unknown_entity: no such volume; already_exists. */
  createSnapshot(name: SnapshotName): Promise<void>;
  /** Fine when the old name is gone and the new one there. unknown_entity: neither is, or no such volume; already_exists: both are. */
  renameSnapshot(name: SnapshotName, newName: string): Promise<void>;
  /** Fine when it, or its volume, is gone. wrong_state: protected, or a clone depends on it. */
  removeSnapshot(name: SnapshotName): Promise<void>;
  /** Makes the volume what it was then, its size too; tells progress. unknown_entity: no such snapshot; wrong_state: a client watches the volume. */
  rollbackVolume(name: SnapshotName): Promise<void>;
}

export type CephMethod = keyof Ceph;

/** Which of them change something, and so need a fence; the others only look. */
export const CEPH_CHANGES: Readonly<Record<CephMethod, boolean>> = {
  survey: false,
  flags: false,
  setFlag: true,
  osds: false,
  osdIn: true,
  osdOut: true,
  setOsdWeight: true,
  osdDrain: false,
  purgeOsd: true,
  pools: false,
  createPool: true,
  removePool: true,
  volumes: false,
  volume: false,
  createVolume: true,
  resizeVolume: true,
  renameVolume: true,
  copyVolume: true,
  removeVolume: true,
  watchers: false,
  snapshots: false,
  createSnapshot: true,
  renameSnapshot: true,
  removeSnapshot: true,
  rollbackVolume: true,
};

/** The cluster's Ceph for one piece of work: what the calls made through it are bound to, and the entries of the locks that they are made under. */
export type OpenCeph = (context?: CallContext & Partial<Pick<Fence, 'entries'>>) => Ceph;
