// The names that several opcodes and resources share: how a VM, a node or a selector is written.
import Type from 'typebox';

/** NUL and half a surrogate pair stand in no name: not every place that a name goes to could carry them. */
const PLAIN_TEXT = '^[^\\u0000\\ud800-\\udfff]*$';

export const VmReference = Type.String({
  minLength: 1,
  maxLength: 200,
  pattern: PLAIN_TEXT,
  description: 'a VM by its name or its UUID (PVC: both are equally valid)',
});

export const NodeName = Type.String({
  minLength: 1,
  maxLength: 253,
  pattern: '^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$',
  description: "a hypervisor node's short host name",
});

export const Uuid = Type.String({
  pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$',
  description: 'a UUID in lower case with dashes',
});

/** By what the node for a VM is chosen (PVC's REST manual, `POST /api/v1/vm`). */
export const Selector = Type.Enum(['mem', 'vcpus', 'load', 'vms'], {
  description:
    '`mem`: the node with the least allocated VM memory; `vcpus`: the least allocated vCPUs; `load`: the least load average; ' +
    '`vms`: the least number of provisioned VMs',
});
export type Selector = 'mem' | 'vcpus' | 'load' | 'vms';

export const DomainXml = Type.String({
  minLength: 1,
  maxLength: 262_144,
  domainXml: true,
  description: 'libvirt domain XML, at most 256 KiB in UTF-8; a document type declaration is refused',
});
