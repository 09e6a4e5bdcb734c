// The VM that a path names.
import type { Vm } from '../../../schemas/resources/vm.js';
import type { ClusterReader } from '../../cluster/cluster-reader.js';
import { ClassifiedError } from '../../errors/classified-error.js';

/** By name or UUID. Throws unknown_entity. */
export function findVm(cluster: ClusterReader, nameOrUuid: string): Vm {
  const vm = cluster.vm(nameOrUuid);
  if (vm === undefined) throw new ClassifiedError('unknown_entity', 'VM not found.');
  return vm;
}
