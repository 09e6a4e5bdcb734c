// What the cluster keeps of each VM, and the only ways to change it: each is atomic, and repeatable after a lost answer.
import { isDeepStrictEqual } from 'node:util';
import type { Vm } from '../../schemas/resources/vm.js';
import { ClassifiedError } from '../errors/classified-error.js';
import { committed, untilApplied } from './committed.js';
import type { Change, Store } from './store.js';

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
 * What changes a document takes a signal: once it has aborted nothing is changed any more, and its reason is thrown. It is looked at
 * right before each attempt: who waited for the store meanwhile, or stood still, may have lost the right to it.
 */
export interface VmDocuments {
  uuidOf(name: string): Promise<string | undefined>;
  /** By name or UUID. */
  find(reference: string): Promise<VmDocument | undefined>;
  /** All there are, as the store has them now. */
  all(): Promise<VmDocument[]>;
  /** As find; throws unknown_entity. */
  get(reference: string): Promise<VmDocument>;
  /** Throws already_exists when the name or UUID belongs to a VM that another job defined. */
  create(document: VmDocument, signal?: AbortSignal): Promise<void>;
  /** Replaces the document by what `change` makes of it; a new name must be free (already_exists). Throws unknown_entity. `change` may be called several times. */
  update(uuid: string, change: (document: VmDocument) => VmDocument, signal?: AbortSignal): Promise<VmDocument>;
  /** Fine when there is none. */
  remove(uuid: string, signal?: AbortSignal): Promise<void>;
  unknown(reference: string): ClassifiedError;
}

export function vmDocuments(store: Store): VmDocuments {
  const read = async (uuid: string) => {
    const node = await store.get(vmPath(uuid));
    return node && { document: JSON.parse(node.data) as VmDocument, version: node.version };
  };
  const uuidOf = async (name: string) => (await store.get(namePath(name)))?.data;
  const unknown = (reference: string) => new ClassifiedError('unknown_entity', `VM "${reference}" does not exist`);
  const find = async (reference: string) => {
    const uuid = isUuid(reference) ? reference.toLowerCase() : await uuidOf(reference);
    return uuid === undefined ? undefined : (await read(uuid))?.document;
  };

  return {
    uuidOf,
    find,
    unknown,
    async all() {
      const present = await Promise.all((await store.children(VMS)).map(read));
      return present.flatMap((node) => (node === undefined ? [] : [node.document]));
    },
    async get(reference) {
      const document = await find(reference);
      if (document === undefined) throw unknown(reference);
      return document;
    },
    async create(document, signal) {
      await untilApplied(async () => {
        const present = (await read(document.uuid))?.document;
        if (present?.defined_by === document.defined_by) return true;
        if (present !== undefined) throw taken(`UUID ${document.uuid}`);
        if ((await uuidOf(document.name)) !== undefined) throw taken(`name "${document.name}"`);
        const changes: Change[] = [
          { kind: 'create', path: namePath(document.name), data: document.uuid },
          { kind: 'create', path: vmPath(document.uuid), data: JSON.stringify(document) },
        ];
        return await committed(store, changes, signal);
      });
    },
    async update(uuid, change, signal) {
      return await untilApplied(async () => {
        const present = await read(uuid);
        if (present === undefined) throw unknown(uuid);
        const next = change(present.document);
        if (isDeepStrictEqual(next, present.document)) return next;
        const set: Change = { kind: 'set', path: vmPath(uuid), data: JSON.stringify(next), version: present.version };
        const renaming = next.name === present.document.name ? [] : await rename(store, present.document, next);
        return (await committed(store, [...renaming, set], signal)) && next;
      });
    },
    async remove(uuid, signal) {
      await untilApplied(async () => {
        const present = await read(uuid);
        if (present === undefined) return true;
        const name = await store.get(namePath(present.document.name));
        const changes: Change[] = [
          { kind: 'remove', path: vmPath(uuid), version: present.version },
          ...(name?.data === uuid ? [{ kind: 'remove', path: namePath(present.document.name), version: name.version } as const] : []),
        ];
        return await committed(store, changes, signal);
      });
    },
  };
}

const taken = (what: string) => new ClassifiedError('already_exists', `a VM with the ${what} exists already`);

async function rename(store: Store, from: VmDocument, to: VmDocument): Promise<Change[]> {
  const [old, target] = await Promise.all([store.get(namePath(from.name)), store.get(namePath(to.name))]);
  if (target !== undefined) throw taken(`name "${to.name}"`);
  return [
    { kind: 'create', path: namePath(to.name), data: to.uuid },
    ...(old === undefined ? [] : [{ kind: 'remove', path: namePath(from.name), version: old.version } as const]),
  ];
}
