// What was done to a test's cluster, and in whose name. Each change of the cluster's state, of a hypervisor and of Ceph must be made by who
// holds, at that moment, the locks that cover it: a job as it was last taken up, or an agent. What was not is kept as a violation, in words.
import { ClassifiedError } from '../../src/errors/classified-error.js';
import { LocksLost, type LockEntry } from '../../src/cluster/fence.js';
import { locksPath, resourceOf } from '../../src/cluster/lock-order.js';
import { blockersOf, orderQueue } from '../../src/cluster/lock-queue.js';
import type { MemorySession } from '../../src/cluster/memory/memory-session.js';
import type { MemoryTree } from '../../src/cluster/memory/memory-tree.js';
import { nameOf, parentOf } from '../../src/cluster/path.js';
import type { Change } from '../../src/cluster/store.js';
import { CEPH_CHANGES, type Ceph, type CephMethod, type OpenCeph } from '../../workers/drivers/ceph.js';
import { OSD_HOST_CHANGES, type OsdHost, type OsdHostMethod, type OsdHosts } from '../../workers/drivers/ceph-osd-host.js';
import { CHANGES, type Hypervisor, type HypervisorMethod, type Hypervisors } from '../../workers/drivers/hypervisor.js';
import { isCovered, lockOfDocument, lockOfGuest, lockOfOsdHost, locksOfCeph, type AnyOf } from './covering-locks.js';

export interface History {
  /** Each change, in order: `job 7 OP_VM_START: start 1b4e…`. */
  readonly deeds: readonly string[];
  /** The changes that were made by who did not hold what covers them. */
  readonly violations: readonly string[];
  /** The session, with its commits written down. */
  watched<S extends MemorySession>(session: S): S;
  /** Calls that come too late are refused, as the agent of the node does it. */
  hypervisors(port: Hypervisors): Hypervisors;
  osdHosts(port: OsdHosts): OsdHosts;
  ceph(open: OpenCeph): OpenCeph;
}

/** Who stands behind an entry, and whether the lock is really theirs. */
interface Standing {
  resource: string;
  mode: string;
  who: string;
  /** Undefined: all is well. */
  objection: string | undefined;
}

type Call = (...given: readonly unknown[]) => unknown;

export function recordHistory({ nodes }: Pick<MemoryTree, 'nodes'>): History {
  const deeds: string[] = [];
  const violations: string[] = [];

  function standingOf({ path, version }: LockEntry): Standing {
    const queuePath = parentOf(path);
    const resource = resourceOf(nameOf(queuePath));
    const node = nodes.get(path);
    const queue = orderQueue(nodes.children(queuePath));
    const index = queue.findIndex(({ name }) => name === nameOf(path));
    const mode = queue[index]?.mode ?? 'gone';
    if (node === undefined) return { resource, mode, who: 'nobody', objection: `${resource} was given up` };
    const { job, opcode, op, epoch } = JSON.parse(node.data) as { job: number; opcode?: string; op?: string; epoch?: number };
    const who = `${job === 0 ? 'an agent' : `job ${job}`} ${opcode ?? op ?? ''}${epoch === undefined ? '' : ` (epoch ${epoch})`}`;
    if (node.version !== version) return { resource, mode, who, objection: `${resource} was taken over by ${who}` };
    const blocked = blockersOf(queue, index).length > 0;
    return { resource, mode, who, objection: blocked ? `${resource} was only waited for` : undefined };
  }

  /** Judges one change by who makes it now. */
  function judge(what: string, needs: readonly AnyOf[], standings: readonly Standing[]): void {
    const [who = 'nobody', ...others] = [...new Set(standings.map((standing) => standing.who))];
    const held = standings.filter(({ mode }) => mode === 'exclusive').map(({ resource }) => resource);
    const objections = [
      ...standings.flatMap(({ objection }) => objection ?? []),
      ...needs.filter((anyOf) => !isCovered(anyOf, held)).map((anyOf) => `${anyOf.join(' or ')} was not held`),
      ...(others.length === 0 ? [] : [`in the name of ${others.join(' and ')} too`]),
    ];
    deeds.push(`${who}: ${what}`);
    if (objections.length > 0) violations.push(`${who}: ${what}, though ${objections.join(', ')}`);
  }

  /** The same methods; each that changes something is judged right before it does. */
  function judged<P extends object, M extends keyof P & string>(
    port: P,
    changes: Readonly<Record<M, boolean>>,
    entries: readonly LockEntry[],
    needsOf: (method: M, given: readonly unknown[]) => AnyOf[],
  ): P {
    const calls = changing(changes).map((method): [M, Call] => [
      method,
      async (...given) => {
        const standings = entries.map(standingOf);
        // As who acts at the node asks the store right before.
        if (standings.some(({ objection }) => objection !== undefined)) {
          throw new ClassifiedError('environment_error', new LocksLost().message);
        }
        judge(`${method} ${given.map(written).join(' ')}`, needsOf(method, given), standings);
        return await (port[method] as Call)(...given);
      },
    ]);
    return { ...port, ...(Object.fromEntries(calls) as Partial<P>) };
  }

  return {
    deeds,
    violations,
    watched: (session) => {
      const { commit } = session;
      return Object.assign(session, {
        async commit(changes: Change[]) {
          const standings = changes.filter(isLockCheck).map(standingOf);
          const made = changes.flatMap((change) => {
            if (change.kind === 'check') return [];
            const before = nodes.get(change.path)?.data ?? '';
            const anyOf = lockOfDocument(change, change.kind === 'remove' ? before : change.data, before);
            return anyOf === undefined ? [] : [{ what: `${change.kind} ${change.path}`, anyOf }];
          });
          await commit(changes);
          for (const { what, anyOf } of made) judge(what, [anyOf], standings);
        },
      });
    },
    hypervisors: (port) => ({
      async on(node, fence) {
        const hypervisor: Hypervisor = await port.on(node, fence);
        const needsOf = (method: HypervisorMethod, given: readonly unknown[]) => [lockOfGuest(method, given)];
        return judged<Hypervisor, HypervisorMethod>(hypervisor, CHANGES, fence?.entries ?? [], needsOf);
      },
    }),
    osdHosts: (port) => ({
      async on(node, work) {
        const needsOf = (method: OsdHostMethod, given: readonly unknown[]) => [lockOfOsdHost(node, method, given)];
        return judged<OsdHost, OsdHostMethod>(await port.on(node, work), OSD_HOST_CHANGES, work?.entries ?? [], needsOf);
      },
    }),
    ceph: (open) => (context) => {
      // A command is judged when it is permitted: that is right before it begins.
      const calls = changing(CEPH_CHANGES).map((method): [CephMethod, Call] => [
        method,
        async (...given) => {
          const permit = async () => {
            await context?.permit?.();
            judge(`${method} ${given.map(written).join(' ')}`, locksOfCeph(method, given), (context?.entries ?? []).map(standingOf));
          };
          return await (open({ ...context, permit })[method] as Call)(...given);
        },
      ]);
      return { ...open(context), ...(Object.fromEntries(calls) as Partial<Ceph>) };
    },
  };
}

const changing = <M extends string>(changes: Readonly<Record<M, boolean>>): M[] =>
  (Object.keys(changes) as M[]).filter((method) => changes[method]);

const isLockCheck = (change: Change): change is Change & { kind: 'check' } =>
  change.kind === 'check' && change.path.startsWith(`${locksPath}/`);

/** An argument, short enough for a line. */
const written = (given: unknown): string => {
  const text = (typeof given === 'string' ? given : JSON.stringify(given)).replaceAll(/\s+/g, ' ');
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
};
