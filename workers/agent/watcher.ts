// The primary's watcher: a VM that should run on a living node and does not, is started again, by a job like any other. What it has tried
// stands in those jobs; it keeps nothing itself, so the next primary goes on where this one stopped.
import type { Logger } from 'pino';
import { isFinal, type JobRecord } from '../../schemas/job.js';
import { VmStart } from '../../schemas/opcodes/vm-start.js';
import type { Vm } from '../../schemas/resources/vm.js';
import { admit } from '../../src/admission/admit.js';
import type { ClusterReader } from '../../src/cluster/cluster-reader.js';
import { fencedStore } from '../../src/cluster/fence.js';
import type { Locks } from '../../src/cluster/locks.js';
import type { Store } from '../../src/cluster/store.js';
import { vmDocuments } from '../../src/cluster/vm-documents.js';
import type { JobDesk } from '../../src/jobs/job-desk.js';
import { DOWN_LOOKS, MOST_STARTS, STARTS_WINDOW_S } from './pace.js';

/** The user, and the reason, of its jobs. */
const WATCHER = 'watcher';
/** Locks taken by the watcher are shown with this in place of a job. */
const CLAIM = { job: 0, opcode: WATCHER };
/** Jobs that are older are not taken for being under way. */
const UNDER_WAY_S = 86_400;
const PAGE = 50;

export interface WatcherParts {
  cluster: ClusterReader;
  /** Must remember its Idempotency-Keys for STARTS_WINDOW_S, and no longer. */
  desk: Pick<JobDesk, 'list' | 'submit'>;
  store: Store;
  locks: Locks;
  /** Aborted when this node is no longer the primary. */
  signal: AbortSignal;
  log: Logger;
}

export interface Watcher {
  look(): Promise<void>;
}

/** The VMs that should run and that no agent sees running. Those on nodes that are dead, or out of service, are left out. */
function vmsDown(cluster: ClusterReader): Vm[] {
  const nodes = [...cluster.nodes()];
  const running = new Set(nodes.flatMap(({ running_domains }) => running_domains));
  const inService = new Set(
    nodes.filter(({ daemon_state, domain_state }) => daemon_state === 'run' && domain_state === 'ready').map(({ name }) => name),
  );
  return [...cluster.vms()].filter(({ uuid, state, node }) => state === 'start' && inService.has(node) && !running.has(uuid));
}

export function watchVms({ cluster, desk, store, locks, signal, log }: WatcherParts): Watcher {
  /** In how many looks in a row a VM was down, by UUID. */
  let looks = new Map<string, number>();

  /** Decides under the VM's lock: while a job holds it, that job knows better. */
  const attend = async ({ uuid, name, node }: Vm): Promise<void> => {
    const held = await locks.tryAcquire([{ mode: 'exclusive', resource: `vm/${uuid}` }], { ...CLAIM, signal });
    if (held === undefined) return;
    try {
      const vms = vmDocuments(fencedStore(store, held.entries));
      const document = await vms.find(uuid);
      if (document?.state !== 'start' || document.node !== node) return;
      // A job whose worker has died holds no lock, and will be taken up.
      if (await isUnderWay([`vm/${uuid}`, `vm/${name}`])) return;
      const own = await ownJobs(uuid);
      const recent = own.filter((job) => ageS(job) <= STARTS_WINDOW_S);
      const still = AbortSignal.any([signal, held.lost]);
      still.throwIfAborted();
      if (recent.length < MOST_STARTS) return await submitStart(uuid, own[0]?.id ?? 0);
      if (foundRunning(recent[0])) return;
      const text = reasonOf(recent, node);
      log.warn({ uuid, name, node, reason: text }, 'a VM that goes down again and again is left down');
      await vms.update(uuid, (latest) => (latest.state === 'start' ? { ...latest, state: 'fail', failed_reason: text } : latest), still);
    } finally {
      await held.release();
    }
  };

  const isUnderWay = async (resources: string[]): Promise<boolean> => {
    const filter = { status: ['queued', 'waiting', 'running', 'canceling'], maxAgeS: UNDER_WAY_S, limit: PAGE } satisfies Parameters<
      JobDesk['list']
    >[0];
    const pages = await Promise.all(resources.map((resource) => desk.list({ ...filter, resource })));
    return pages.some(({ jobs }) => jobs.some(({ status }) => !isFinal(status)));
  };

  // Twice the window: so long as the key of the next job names the last one, it cannot be one that is still remembered.
  const ownJobs = async (uuid: string): Promise<JobRecord[]> =>
    (await desk.list({ user: WATCHER, opcode: VmStart.id, resource: `vm/${uuid}`, maxAgeS: 2 * STARTS_WINDOW_S, limit: PAGE })).jobs;

  const submitStart = async (uuid: string, after: number): Promise<void> => {
    const ops = admit([{ OP_ID: VmStart.id, vm: uuid, expected_state: 'start' }]);
    // A primary that was taken for dead, and the one after it, submit one job for one end of the guest.
    const idempotency = { key: `${uuid} after job ${after}`, request: { uuid, after } };
    const job = await desk.submit({ ops, user: WATCHER, reason: WATCHER, priority: 0, depends: [], dryRun: false, idempotency });
    log.info({ uuid, job }, 'a VM that should run does not: it is started again');
  };

  return {
    async look() {
      // Nothing is known for sure, so nothing was seen in a row.
      if (cluster.staleSinceMs !== undefined) return looks.clear();
      const down = vmsDown(cluster);
      looks = new Map(down.map(({ uuid }) => [uuid, (looks.get(uuid) ?? 0) + 1]));
      for (const vm of down) {
        if ((looks.get(vm.uuid) ?? 0) < DOWN_LOOKS) continue;
        // A job that brings it up is seen in the reports only some looks later.
        looks.delete(vm.uuid);
        await attend(vm);
      }
    },
  };
}

const ageS = ({ received_ts: [seconds] }: JobRecord) => Date.now() / 1000 - seconds;

/** There was nothing to do: it runs, and the node's agent is only slow to report it. */
const foundRunning = (job: JobRecord | undefined) => job?.status === 'success' && job.progress[0]?.total === 0;

/** Why it is left down, by its last starts, newest first. */
function reasonOf(starts: JobRecord[], node: string): string {
  const [last] = starts;
  if (last?.status === 'error') return errorOf(last);
  if (last?.status === 'canceled') return 'it went down, and starting it again was cancelled';
  const ends = starts.filter(({ status }) => status === 'success').length + 1;
  return `the guest crashed on ${node} ${ends} times within ${STARTS_WINDOW_S / 60} minutes`;
}

/** The text of a failed job's error: `[type, [text, class]]`. */
function errorOf({ opresult }: JobRecord): string {
  const [failure] = opresult;
  const text: unknown = Array.isArray(failure) && Array.isArray(failure[1]) ? failure[1][0] : undefined;
  return typeof text === 'string' ? text : 'its job failed';
}
