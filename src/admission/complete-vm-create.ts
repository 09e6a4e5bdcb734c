// OP_VM_CREATE before it is queued: UUID, MAC addresses, names and sizes of volumes are settled, so that a job that is taken up again
// creates the same VM.
import { randomBytes, randomUUID } from 'node:crypto';
import type { Opcode } from '../../schemas/job.js';
import type { ParametersOf } from '../../schemas/opcodes/opcode-schema.js';
import type { VmCreate } from '../../schemas/opcodes/vm-create.js';
import { faultOfName } from '../domain-xml/domain-name.js';
import type { Fault } from '../errors/classified-error.js';
import { bytesOf } from '../validation/volume-size.js';
import { wrongInput } from '../validation/wrong-input.js';

type Parameters = ParametersOf<typeof VmCreate>;
type Disk = Parameters['disks'][number];
type Nic = NonNullable<Parameters['nics']>[number];
type NamedDisk = Disk & { volume: string };

const FIRST_DISK = 'a'.charCodeAt(0);
/** The devices that the disks become in the guest, and what their volumes are called by. */
const deviceName = (index: number) => `sd${String.fromCharCode(FIRST_DISK + index)}`;

/** Locally administered, and of so many that two cards hardly ever get the same. */
const randomMac = () => ['52', ...[...randomBytes(5)].map((byte) => byte.toString(16).padStart(2, '0'))].join(':');

const spec = ({ pool, volume }: { pool: string; volume: string }) => `${pool}/${volume}`;

/** Those values that stand at an earlier place too. */
const repeated = (values: string[]) => values.map((value, index) => values.indexOf(value) !== index);

function faultsOfDisks(disks: NamedDisk[]): Fault[] {
  const twice = repeated(disks.map(spec));
  return disks.flatMap(({ size, clone_of: source, ...disk }, index) => {
    const at = `/disks/${index}`;
    const bytes = size === undefined ? 1 : bytesOf(size);
    return [
      ...(size === undefined && source === undefined ? [{ pointer: at, message: 'must have size or clone_of' }] : []),
      ...(typeof bytes === 'number' ? [] : [{ pointer: `${at}/size`, message: bytes.fault }]),
      ...(twice[index] ? [{ pointer: `${at}/volume`, message: `is the volume of another disk, ${spec(disk)}` }] : []),
      ...(source !== undefined && spec(source) === spec(disk) ? [{ pointer: `${at}/volume`, message: 'is the source of the copy' }] : []),
    ];
  });
}

const faultsOfNics = (nics: { mac: string }[]): Fault[] =>
  repeated(nics.map(({ mac }) => mac)).flatMap((twice, index) =>
    twice ? [{ pointer: `/nics/${index}/mac`, message: 'is the address of another card' }] : [],
  );

function withBytes({ size, ...disk }: NamedDisk): NamedDisk {
  const bytes = size === undefined ? undefined : bytesOf(size);
  return typeof bytes === 'number' ? { ...disk, size: bytes } : disk;
}

/** Fills in `uuid`, each disk's `volume` and each card's `mac`; sizes become bytes. Throws wrong_input with every fault. */
export function completeVmCreate(op: Opcode & Parameters): Opcode {
  const { name, uuid = randomUUID() } = op;
  const disks = op.disks.map((disk, index): NamedDisk => ({ ...disk, volume: disk.volume ?? `${name}_${deviceName(index)}` }));
  const nics = (op.nics ?? []).map((nic: Nic) => ({ ...nic, mac: nic.mac?.toLowerCase() ?? randomMac() }));
  const nameFault = faultOfName(name);
  const faults = [
    ...(nameFault === undefined ? [] : [{ pointer: '/name', message: nameFault }]),
    ...faultsOfDisks(disks),
    ...faultsOfNics(nics),
  ];
  if (faults.length > 0) throw wrongInput(faults);
  return { ...op, uuid, disks: disks.map(withBytes), nics };
}
