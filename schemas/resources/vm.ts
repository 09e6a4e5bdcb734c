// A VM as `GET /api/v1/vm` shows it: PVC's field names and nesting, with numbers as numbers and null for what the XML does not have.
import Type, { type Static } from 'typebox';
import { Selector, Uuid } from '../names.js';

const text = (description: string) => Type.String({ description });
const optionalText = (description: string) => Type.Union([Type.String(), Type.Null()], { description });

/** What a VM does. `shutdown`, `restart` and `migrate` stand while a job works on it. */
export const VmState = Type.Enum(['start', 'restart', 'shutdown', 'migrate', 'stop', 'disable', 'fail'], {
  description:
    '`start`: runs; `shutdown`: is being shut down; `restart`: is being restarted; `migrate`: is on its way to another node; `stop`: does not run; `disable`: is not meant to ' +
    'run; `fail`: crashed, or could not be started (`failed_reason` says why)',
});
export type VmState = Static<typeof VmState>;

export const Vm = Type.Object(
  {
    name: text("the VM's name, from its XML"),
    uuid: Uuid,
    state: VmState,
    node: text('the node it is on'),
    last_node: text('the node it was migrated from, or an empty text'),
    target_node: text('while it is being migrated: the node that it goes to and that keeps memory for it; else an empty text'),
    migrated: text('`no`, or `from <node>`'),
    failed_reason: text('why the state is `fail`, else an empty text'),
    node_selector: Type.Union([Selector, Type.Null()], { description: 'by what its node was chosen; null when it was named' }),
    description: text("the XML's description, or an empty text"),
    memory: Type.Integer({ description: 'MiB' }),
    vcpu: Type.Integer({ description: 'virtual CPUs' }),
    vcpu_topology: optionalText('`sockets/cores/threads`'),
    networks: Type.Array(
      Type.Object({
        type: optionalText('`bridge`, `network`, …'),
        mac: optionalText('the MAC address'),
        source: optionalText('the bridge or network'),
        model: optionalText('the model of the card'),
      }),
      { description: 'the interfaces' },
    ),
    type: text('what the guest is booted as: `hvm`'),
    arch: optionalText('`x86_64`, …'),
    machine: optionalText('the machine type'),
    console: optionalText("the first console's type"),
    emulator: optionalText('the emulator binary'),
    features: Type.Array(Type.String(), { description: 'names of the features: `acpi`, …' }),
    disks: Type.Array(
      Type.Object({
        type: optionalText('`rbd`, `file`, `block`, …'),
        name: optionalText('`pool/volume` of an RBD disk, `pool/volume@snapshot` of one that is a snapshot; else the path'),
        dev: optionalText('the device in the guest'),
        bus: optionalText('the bus'),
        device: text('`disk`, `cdrom`, `floppy` or `lun`'),
        readonly: Type.Boolean({ description: 'whether the guest can only read it, as every `cdrom`' }),
        shareable: Type.Boolean({ description: 'whether other guests may have it at the same time' }),
        backing: Type.Array(Type.Object({ type: optionalText('as that of a disk'), name: optionalText('as that of a disk') }), {
          description: "the images that it is laid over, as the XML's `<backingStore>` has them, the uppermost first",
        }),
      }),
      { description: 'the disks' },
    ),
    controllers: Type.Array(Type.Object({ type: optionalText('`scsi`, …'), model: optionalText('the model') }), {
      description: 'the controllers',
    }),
    xml: text('the libvirt XML, as it was given'),
  },
  { description: 'a virtual machine' },
);
export type Vm = Static<typeof Vm>;

export const VmStateAnswer = Type.Object({ name: text("the VM's name"), state: VmState });

export const VmNodeAnswer = Type.Object({
  name: text("the VM's name"),
  node: text('the node it is on'),
  last_node: text('the node it was migrated from, or an empty text'),
});
