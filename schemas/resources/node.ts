// A hypervisor node as `GET /api/v1/node` shows it: PVC's field names and nesting, with numbers as numbers.
import Type, { type Static } from 'typebox';

const count = (description: string) => Type.Integer({ minimum: 0, description });

export const Node = Type.Object(
  {
    name: Type.String({ description: "the node's short host name" }),
    daemon_state: Type.Enum(['run', 'dead'], { description: '`run`: its agent reports; `dead`: it does not' }),
    coordinator_state: Type.Enum(['client'], { description: '`client`: takes no part in the election of a primary' }),
    domain_state: Type.Enum(['ready'], { description: '`ready`: takes VMs' }),
    cpu_count: count('logical CPUs'),
    kernel: Type.String({ description: 'release of the kernel, as `uname -r`' }),
    os: Type.String({ description: 'operating system, as `uname -o`' }),
    arch: Type.String({ description: 'as `uname -m`' }),
    libvirt_version: Type.String({ description: 'version of libvirt; empty while unknown' }),
    qemu_version: Type.String({ description: 'version of QEMU; empty while unknown' }),
    load: Type.Number({ description: 'load average over one minute' }),
    domains_count: count('running domains'),
    running_domains: Type.Array(Type.String(), { description: 'UUIDs of the running domains' }),
    vcpu: Type.Object({
      total: count('logical CPUs'),
      allocated: count('vCPUs of the running VMs'),
    }),
    memory: Type.Object(
      {
        total: count('MiB of the node'),
        allocated: count('MiB of the running VMs'),
        provisioned: count('MiB of all VMs assigned to the node, running or not'),
        used: count('MiB in use'),
        free: count('MiB available'),
      },
      { description: 'all in MiB' },
    ),
  },
  { description: 'a hypervisor node; the figures are the last ones that its agent reported' },
);
export type Node = Static<typeof Node>;
