// OP_VM_CREATE
import type { ParametersOf } from '../../schemas/opcodes/opcode-schema.js';
import { VmCreate } from '../../schemas/opcodes/vm-create.js';
import { vmFromXml } from '../../src/cluster/vm-from-xml.js';
import { newDomainXml, type NewNic } from '../../src/domain-xml/new-domain-xml.js';
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { exclusive, shared, type LockWish } from '../engine/lock-wish.js';
import { opcode, type Step } from '../engine/opcode.js';
import type { World } from '../engine/world.js';
import { newVm } from '../placement/choose-node.js';
import { addVm } from '../steps/vm-document.js';
import { addVolume, copyVolume, createVolume, recordVolume, resizeVolume } from '../steps/volume.js';
import { assertDisksFit, plannedDisk, type PlannedDisk } from './planned-disk.js';

type Parameters = ParametersOf<typeof VmCreate>;

export const vmCreate = opcode(VmCreate, {
  version: 1,
  locks: ({ name, uuid, disks }) => [
    exclusive.vm(settled(uuid)),
    exclusive.vmName(name),
    ...(disks.length === 0 ? [] : [shared.storage()]),
    ...disks.flatMap(({ pool, volume }) => [shared.pool(pool), exclusive.volume(pool, settled(volume))]),
    ...disks.flatMap(({ clone_of: source }) => (source === undefined ? [] : sourceLocks(source, disks))),
  ],
  check: async (world, parameters) => {
    const { name, vcpus, memory, node, selector, description = '' } = parameters;
    const uuid = settled(parameters.uuid);
    for (const reference of [name, uuid]) {
      if ((await world.vms.find(reference)) !== undefined) throw new ClassifiedError('already_exists', `VM "${reference}" exists already`);
    }
    const disks = await plannedDisks(world, parameters);
    const { domainType, rbdAccess } = world.newGuests;
    const volumes = disks.map(({ target }) => target);
    const xml = newDomainXml(
      { type: domainType, name, uuid, description, memoryMib: memory, vcpus, volumes, nics: (parameters.nics ?? []).map(settledNic) },
      disks.length === 0 ? undefined : await rbdAccess(),
    );
    return { document: await newVm(world, { ...vmFromXml(xml), uuid }, { node, selector }), disks };
  },
  steps: ({ document, disks }) => [...disks.flatMap(diskSteps), addVm(document)],
  result: ({ document: { uuid, name, node }, disks }) => ({
    uuid,
    name,
    node,
    volumes: disks.map(({ target, sizeBytes }) => ({ ...target, size_bytes: sizeBytes })),
  }),
});

/** A source that is one of the disks too is held already, and refused by the check: it does not exist yet. */
function sourceLocks({ pool, volume }: { pool: string; volume: string }, disks: Parameters['disks']): LockWish[] {
  const isDisk = disks.some((disk) => disk.pool === pool && disk.volume === volume);
  return [shared.pool(pool), ...(isDisk ? [] : [shared.volume(pool, volume)])];
}

async function plannedDisks(world: World, { disks }: Parameters): Promise<PlannedDisk[]> {
  const planned: PlannedDisk[] = [];
  for (const disk of disks) planned.push(await plannedDisk(world, { ...disk, volume: settled(disk.volume) }));
  await assertDisksFit(world, planned);
  return planned;
}

function diskSteps({ target, sizeBytes, source }: PlannedDisk): Step[] {
  if (source === null) return [createVolume(target, sizeBytes), addVolume(target)];
  const copied = [copyVolume(source.name, target, source.sizeBytes), addVolume(target)];
  return source.sizeBytes === sizeBytes
    ? copied
    : [...copied, resizeVolume(target, { fromBytes: source.sizeBytes, toBytes: sizeBytes, shrink: false }), recordVolume(target)];
}

const settledNic = ({ bridge, mac, model = 'virtio' }: NonNullable<Parameters['nics']>[number]): NewNic => ({
  bridge,
  mac: settled(mac),
  model,
});

/** Admission fills these in before the job is queued. */
function settled<T>(value: T | undefined): T {
  if (value === undefined) throw new ClassifiedError('internal_error', 'OP_VM_CREATE was queued without a UUID, a volume or a MAC address');
  return value;
}
