// The agent of one node: registers it, reports it while it lives, follows what happens to its domains, and stands for primary.
import type { Logger } from 'pino';
import { createLocks } from '../../src/cluster/locks.js';
import { registerNode } from '../../src/cluster/node-documents.js';
import { nodeReports } from '../../src/cluster/node-reports.js';
import { primaryElection, type PrimaryElection } from '../../src/cluster/primary-election.js';
import type { Store } from '../../src/cluster/store.js';
import type { OpenCeph } from '../drivers/ceph.js';
import type { AgentHypervisor } from '../drivers/hypervisor.js';
import { standForPrimary, type Candidate } from './election.js';
import { followDomains } from './follow-domains.js';
import type { HostFigures } from './host-figures.js';
import { keepSecret, type ReadSecret } from './keep-secret.js';
import { knownDocuments, knownLedger } from './known-documents.js';
import { nodeReporter } from './node-reporter.js';
import { SILENT_AFTER_MS } from './pace.js';
import { servePrimary, type OpenDesk } from './primary-duties.js';
import type { Tenure } from './tenure.js';
import { unknownDomains } from './unknown-domains.js';

export interface AgentParts {
  node: string;
  /** How workers reach this node's libvirt. */
  uri: string;
  hypervisor: AgentHypervisor;
  /** The guests' key to Ceph. */
  guestSecret: ReadSecret;
  /** What the primary reports the storage from. */
  ceph: OpenCeph;
  figures: () => HostFigures;
  store: Store;
  /** That the node is this agent's. */
  tenure: Tenure;
  /** Whether the node may become the primary. */
  coordinator: boolean;
  /** Opens the desk at which the primary submits jobs. */
  openDesk: OpenDesk;
  intervalMs: number;
  /** How long the hypervisor may be silent before what was seen of it counts as old. */
  silentAfterMs?: number;
  log: Logger;
}

export interface Agent {
  readonly isPrimary: boolean;
  close(): Promise<void>;
}

/** Resolves when the node is registered and has been reported once. */
export async function startAgent(parts: AgentParts): Promise<Agent> {
  const { node, uri, hypervisor, guestSecret, ceph, store, tenure, coordinator, openDesk, intervalMs, log } = parts;
  const { silentAfterMs = SILENT_AFTER_MS } = parts;
  const closing = new AbortController();
  const locks = createLocks(store, { worker: `agent ${node}` });
  const documents = knownDocuments(store);
  let candidate: Candidate | undefined;
  const coordinatorState = () => (coordinator ? (candidate?.isPrimary ? 'primary' : 'secondary') : 'client');
  const reporter = nodeReporter(store, node, tenure, coordinatorState);
  const findUnknown = unknownDomains(node, documents, log);
  await registerNode(store, { name: node, uri, coordinator });
  const ledger = knownLedger(store, node);
  // Who may have a guest here has a claim: no need to read what VMs the whole cluster has.
  const known = Object.keys(await ledger());
  const follower = followDomains({
    node,
    hypervisor,
    store,
    tenure,
    documents,
    ledger,
    reports: nodeReports(store),
    locks,
    intervalMs,
    known,
  });
  const secret = keepSecret(hypervisor, () => tenure.assertHeld([], closing.signal), guestSecret, log);
  let seenMs = performance.now();
  let timer: NodeJS.Timeout | undefined;

  const look = async () => {
    await tenure.until(closing.signal);
    const [host, sightings] = await Promise.all([hypervisor.host(), hypervisor.domains()]);
    seenMs = performance.now();
    await secret.keep();
    await reporter.tell({ host, figures: parts.figures(), sightings, unknown: await findUnknown(sightings) });
    await follower.follow(sightings);
  };
  const lookFailed = (error: unknown) => {
    secret.doubt();
    log.warn({ err: error, node }, 'the agent could not look at its node');
  };
  let looking = look();
  const again = () => {
    if (closing.signal.aborted) return;
    timer = setTimeout(() => {
      // A hypervisor or a store that is away is looked for again; meanwhile the last report stands as long as the session does.
      looking = look().catch(lookFailed);
      void looking.then(again);
    }, intervalMs);
  };
  await looking.catch(lookFailed);
  again();
  let isSilent = false;
  const watchdog = setInterval(() => {
    const wasSilent = isSilent;
    isSilent = performance.now() - seenMs > silentAfterMs;
    if (!isSilent || wasSilent) return;
    log.warn({ node }, 'the hypervisor does not answer: what the node reports is old');
    reporter.tellSilence().catch((error: unknown) => log.warn({ err: error, node }, 'the agent could not report its node'));
  }, intervalMs);
  if (coordinator) {
    candidate = standForPrimary({
      node,
      store,
      locks,
      election: whileHeld(primaryElection(store), tenure),
      intervalMs,
      announce: reporter.tellAgain,
      serve: (signal, entries) => servePrimary({ node, store, ceph, locks, openDesk, intervalMs, log }, signal, entries),
      log,
    });
  }

  return {
    get isPrimary() {
      return candidate?.isPrimary === true;
    },
    async close() {
      closing.abort(new Error('the agent is going away'));
      clearTimeout(timer);
      clearInterval(watchdog);
      await candidate?.close();
      await looking.catch(() => undefined);
    },
  };
}

/** Who has not got its own node leads nobody. */
const whileHeld = (election: PrimaryElection, tenure: Tenure): PrimaryElection => ({
  ...election,
  allows: async (node, wish) => tenure.held !== undefined && (await election.allows(node, wish)),
});
