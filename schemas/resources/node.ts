// A hypervisor node as `GET /api/v1/node` shows it: PVC's field names and nesting, with numbers as numbers.
import Type, { type Static } from 'typebox';
import { NodeName } from '../names.js';

const count = (description: string) => Type.Integer({ minimum: 0, description });

const DaemonState = Type.Enum(['run', 'hung', 'dead'], {
  description:
    '`run`: its agent reports; `hung`: so it does, but its hypervisor does not answer: what is shown is what was seen last, and it takes no VMs; `dead`: its agent does not report',
});

export const CoordinatorState = Type.Enum(['primary', 'secondary', 'client'], {
  description:
    '`primary`: the one node that does what the cluster needs once; `secondary`: takes over when that one fails; `client`: takes no part in the election',
});
export type CoordinatorState = Static<typeof CoordinatorState>;

export const DomainState = Type.Enum(['ready', 'flush', 'flushed', 'unflush'], {
  description: '`ready`: takes VMs; `flush`: is being emptied; `flushed`: takes no VMs; `unflush`: its VMs are being brought back',
});
export type DomainState = Static<typeof DomainState>;

const UnknownDomain = Type.Object({
  uuid: Type.String({ description: "the domain's UUID" }),
  name: Type.String({ description: "the domain's name" }),
});

export const NodeDaemonStateAnswer = Type.Object({ name: NodeName, daemon_state: DaemonState });
export const NodeCoordinatorStateAnswer = Type.Object({ name: NodeName, coordinator_state: CoordinatorState });
export const NodeDomainStateAnswer = Type.Object({ name: NodeName, domain_state: DomainState });

export const Node = Type.Object(
  {
    name: Type.String({ description: "the node's short host name" }),
    daemon_state: DaemonState,
    coordinator_state: CoordinatorState,
    domain_state: DomainState,
    cpu_count: count('logical CPUs'),
    kernel: Type.String({ description: 'release of the kernel, as `uname -r`' }),
    os: Type.String({ description: 'operating system, as `uname -o`' }),
    arch: Type.String({ description: 'as `uname -m`' }),
    libvirt_version: Type.String({ description: 'version of libvirt; empty while unknown' }),
    qemu_version: Type.String({ description: 'version of QEMU; empty while unknown' }),
    load: Type.Number({ description: 'load average over one minute' }),
    domains_count: count('running domains'),
    running_domains: Type.Array(Type.String(), { description: 'UUIDs of the running domains' }),
    unknown_domains: Type.Array(UnknownDomain, {
      description: 'running domains that the cluster does not know, or has on another node; they are left alone',
    }),
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
