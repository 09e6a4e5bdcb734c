// What the cluster keeps of each VM, and the only ways to change it: each is atomic, and repeatable after a lost answer.
import type { Vm } from '../../schemas/resources/vm.js';
import { ClassifiedError } from '../errors/classified-error.js';
import { claimsOf, type Claiming } from './claims.js';
import { changesTo, compareAndSet, readJson } from './compare-and-set.js';
import { entryChanges } from './storage-users.js';
import type { Change, Store } from './store.js';
import { mayHaveGuest } from './vm-states.js';
import { partsOf } from './volume-users.js';

/** A VM's document: what `GET /vm` shows, and the job that defined it. */
export interface VmDocument extends Omit<Vm, 'migrated'> {
  defined_by: number;
}

export const VMS = '/vms';
export const VM_NAMES = '/vm-names';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
export const isUuid = (reference: string): boolean => UUID.test(reference);

const vmPath = (uuid: string) => `${VMS}/${uuid}`;
/** A name may hold characters that a path may not. */
const namePath = (name: string) => `${VM_NAMES}/${encodeURIComponent(name)}`;

/**
 * What else must be true of the store when a VM's document stands: the changes that make it so, each at the version that it was read at, or
 * an error that refuses the document. They are applied with the document or not at all. Undefined: there is no document before, or after.
 * Asked at each attempt anew.
 */
export type VmRelation = (
  store: Store,
  before: VmDocument | undefined,
  after: VmDocument | undefined,
  claiming?: Claiming,
) => Promise<Change[]>;

/** All that is kept in step with the documents of VMs. */
const RELATIONS: readonly VmRelation[] = [nameOf, claimsOf, storageOf];

/**
 * What changes a document takes a signal: once it has aborted nothing is changed any more, and its reason is thrown. It is looked at
 * right before each attempt.
 */
export interface VmDocuments {
  uuidOf(name: string): Promise<string | undefined>;
  /** By name or UUID. */
  find(reference: string): Promise<VmDocument | undefined>;
  /** As find; throws unknown_entity. */
  get(reference: string): Promise<VmDocument>;
  /**
   * Throws already_exists when the name or UUID belongs to a VM that another job defined, wrong_state when a job is about to take a disk of it
   * away. `claiming` as for `update`.
   */
  create(document: VmDocument, signal?: AbortSignal, claiming?: Claiming): Promise<void>;
  /**
   * Replaces the document by what `change` makes of it; a new name must be free (already_exists), and a new disk, or any disk of a
   * VM that is started, not about to be taken away or overwritten (wrong_state). Throws unknown_entity. `change` may be called several times. `claiming`: what else it needs of the node that it is on, or on
   * its way to, then; wrong_state or insufficient_resources when the node does not admit that, and nothing is changed. Without it a VM that has
   * a guest is claimed whatever its node is like.
   */
  update(uuid: string, change: (document: VmDocument) => VmDocument, signal?: AbortSignal, claiming?: Claiming): Promise<VmDocument>;
  /** Fine when there is none. */
  remove(uuid: string, signal?: AbortSignal): Promise<void>;
  unknown(reference: string): ClassifiedError;
}

export function vmDocuments(store: Store): VmDocuments {
  const read = (uuid: string) => readJson<VmDocument>(store, vmPath(uuid));
  const uuidOf = async (name: string) => (await store.get(namePath(name)))?.data;
  const unknown = (reference: string) => new ClassifiedError('unknown_entity', `VM "${reference}" does not exist`);
  const find = async (reference: string) => {
    const uuid = isUuid(reference) ? reference.toLowerCase() : await uuidOf(reference);
    return uuid === undefined ? undefined : (await read(uuid))?.value;
  };

  /** The document becomes what `make` makes of it, together with all that belongs to it; what stays as it is changes nothing. */
  async function change<T extends VmDocument | undefined>(
    uuid: string,
    make: (before: VmDocument | undefined) => T,
    signal?: AbortSignal,
    claiming?: Claiming,
  ): Promise<T> {
    const decide = async () => {
      const present = await read(uuid);
      const after = make(present?.value);
      const own = changesTo(vmPath(uuid), present, after);
      const concerned = own.length > 0 || claiming !== undefined ? RELATIONS : [];
      const related = await Promise.all(concerned.map((relation) => relation(store, present?.value, after, claiming)));
      return { changes: [...related.flat(), ...own], result: after };
    };
    return await compareAndSet(store, decide, signal);
  }

  return {
    uuidOf,
    find,
    unknown,
    async get(reference) {
      const document = await find(reference);
      if (document === undefined) throw unknown(reference);
      return document;
    },
    async create(document, signal, claiming) {
      const make = (present: VmDocument | undefined) => {
        if (present === undefined) return document;
        if (present.defined_by !== document.defined_by) throw taken(`UUID ${document.uuid}`);
        return present;
      };
      await change(document.uuid, make, signal, claiming);
    },
    async update(uuid, make, signal, claiming) {
      const made = (present: VmDocument | undefined) => {
        if (present === undefined) throw unknown(uuid);
        return make(present);
      };
      return await change(uuid, made, signal, claiming);
    },
    async remove(uuid, signal) {
      await change(uuid, () => undefined, signal);
    },
  };
}

const taken = (what: string) => new ClassifiedError('already_exists', `a VM with the ${what} exists already`);

/** Who has a part of the storage is known there. A guest that is there already, whoever started it, is not refused its disks. */
async function storageOf(
  store: Store,
  before: VmDocument | undefined,
  after: VmDocument | undefined,
  claiming?: Claiming,
): Promise<Change[]> {
  const uuid = (after ?? before)?.uuid ?? '';
  const [hadGuest, hasGuest] = [before, after].map((document) => document !== undefined && mayHaveGuest(document));
  const starts = claiming?.admits !== undefined && hadGuest !== true && hasGuest === true;
  return await entryChanges(store, uuid, before === undefined ? [] : partsOf(before), after === undefined ? [] : partsOf(after), starts);
}

/** A name belongs to one VM. */
async function nameOf(store: Store, before: VmDocument | undefined, after: VmDocument | undefined): Promise<Change[]> {
  if (before?.name === after?.name) return [];
  const owner = async (document: VmDocument | undefined) => document && (await store.get(namePath(document.name)));
  const [left, taking] = await Promise.all([owner(before), owner(after)]);
  if (after !== undefined && taking !== undefined) throw taken(`name "${after.name}"`);
  return [
    ...(after === undefined ? [] : [{ kind: 'create', path: namePath(after.name), data: after.uuid } as const]),
    ...(before === undefined || left?.data !== before.uuid
      ? []
      : [{ kind: 'remove', path: namePath(before.name), version: left.version } as const]),
  ];
}
