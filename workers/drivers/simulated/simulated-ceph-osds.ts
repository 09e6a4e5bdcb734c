// The simulated cluster as a whole, its OSDs and its pools.
import { ClassifiedError } from '../../../src/errors/classified-error.js';
import type { Ceph, CephReport, OsdSighting, PoolSighting } from '../ceph.js';
import { nameOf } from '../ceph-names.js';
import type { SimulatedOsd, SimulatedPool } from './simulated-ceph-rows.js';
import { type CephState, knownOsd } from './simulated-ceph-state.js';

type ClusterMethods = Pick<
  Ceph,
  | 'survey'
  | 'flags'
  | 'setFlag'
  | 'osds'
  | 'osdIn'
  | 'osdOut'
  | 'setOsdWeight'
  | 'osdDrain'
  | 'purgeOsd'
  | 'pools'
  | 'createPool'
  | 'removePool'
>;

const FLAGS = new Set(
  'full pause noup nodown noout noin nobackfill norebalance norecover noscrub nodeep-scrub notieragent nosnaptrim noautoscale'.split(' '),
);
const FSID = '5e1f7a52-0000-4000-8000-00000000ce94';
const MOST_COPIES = 10;
const MOST_PGS_OF_OSD = 250;
const TIB = 1024 ** 4;

const hasItsShare = (osd: SimulatedOsd) => osd.in && osd.running;

/** Copies of placement groups that each OSD with its share has. */
function sharePgs(state: CephState): number {
  const sharing = state.osds().filter(hasItsShare).length;
  const copies = state.pools().reduce((sum, { pgs, copies: each }) => sum + pgs * each, 0);
  return sharing === 0 ? 0 : Math.ceil(copies / sharing);
}

/** What an OSD still holds. One that was set out keeps its data while the others cannot hold as many copies as there must be. */
function pgsOf(state: CephState, osd: SimulatedOsd, drainMs: number): number {
  if (osd.leaving === null) return hasItsShare(osd) ? sharePgs(state) : 0;
  const { sinceMs, pgs } = osd.leaving;
  const others = state.osds().filter((other) => other.id !== osd.id && hasItsShare(other)).length;
  if (state.pools().some(({ copies }) => copies > others)) return pgs;
  return Math.ceil(pgs * Math.max(0, 1 - (Date.now() - sinceMs) / drainMs));
}

export function simulatedCluster(state: CephState, drainMs: number): ClusterMethods {
  const totalBytes = () => state.osds().reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);

  function seeOsd(osd: SimulatedOsd): OsdSighting {
    return {
      id: osd.id,
      fsid: osd.fsid,
      up: osd.running,
      in: osd.in,
      state: osd.running ? ['exists', 'up'] : ['exists'],
      host: osd.node,
      deviceClass: osd.deviceClass,
      primaryAffinity: 1,
      crushWeight: osd.weight ?? osd.sizeBytes / TIB,
      reweight: osd.in ? 1 : 0,
      pgs: pgsOf(state, osd, drainMs),
      sizeBytes: osd.sizeBytes,
      usedBytes: 0,
      freeBytes: osd.sizeBytes,
      usedPercent: 0,
      variance: 1,
      readOpsPerS: 0,
      readBytesPerS: 0,
      writeOpsPerS: 0,
      writeBytesPerS: 0,
    };
  }

  function seePool({ name, id, pgs, copies, minCopies }: SimulatedPool): PoolSighting {
    const objects = state.volumes().filter((volume) => volume.pool === name).length;
    return {
      name,
      id,
      pgs,
      copies,
      minCopies,
      applications: ['rbd'],
      freeBytes: Math.floor(totalBytes() / copies),
      usedBytes: 0,
      storedBytes: 0,
      usedRatio: 0,
      objects,
      objectClones: 0,
      objectCopies: objects * copies,
      objectsMissing: 0,
      objectsUnfound: 0,
      objectsDegraded: 0,
      readOps: 0,
      readBytes: 0,
      writeOps: 0,
      writeBytes: 0,
    };
  }

  function isSafeToDestroy(osd: SimulatedOsd): boolean {
    return osd.leaving !== null && pgsOf(state, osd, drainMs) === 0;
  }

  function status(): CephReport {
    const osds = state.osds();
    // Where there is no OSD, nothing can be kept.
    const health = osds.length > 0 && osds.every(({ running }) => running) ? 'HEALTH_OK' : 'HEALTH_WARN';
    const up = osds.filter(({ running }) => running).length;
    const within = osds.filter((osd) => osd.in).length;
    return {
      text: `  cluster:\n    id:     ${FSID}\n    health: ${health}\n\n  services:\n    osd: ${osds.length} osds: ${up} up, ${within} in\n`,
      data: {
        fsid: FSID,
        health: { status: health, checks: {} },
        osdmap: { num_osds: osds.length, num_up_osds: up, num_in_osds: within },
      },
    };
  }

  function df(): CephReport {
    const pools = state.pools().map(seePool);
    const lines = pools.map(({ name, id, pgs, freeBytes }) => `${name}  ${id}  ${pgs}  0 B  0  0 B  0  ${freeBytes} B`);
    return {
      text: ['--- POOLS ---', 'POOL  ID  PGS  STORED  OBJECTS  USED  %USED  MAX AVAIL', ...lines, ''].join('\n'),
      data: {
        stats: { total_bytes: totalBytes(), total_avail_bytes: totalBytes(), total_used_bytes: 0 },
        pools: pools.map(({ name, id, freeBytes }) => ({
          name,
          id,
          stats: { stored: 0, bytes_used: 0, percent_used: 0, max_avail: freeBytes },
        })),
      },
    };
  }

  return {
    survey: async () => ({
      status: status(),
      df: df(),
      flags: state.flags(),
      osds: state.osds().map(seeOsd),
      pools: state.pools().map(seePool),
    }),
    flags: async () => state.flags(),
    async setFlag(flag, on) {
      if (!FLAGS.has(nameOf('flag', flag))) throw new ClassifiedError('wrong_input', `Ceph knows no flag "${flag}"`);
      const row = { kind: 'flag' as const, name: flag };
      await state.change(() => (on ? { put: [row] } : { gone: [row] }));
    },
    osds: async () => state.osds().map(seeOsd),
    osdIn: (id) => state.change(() => ({ put: [{ ...knownOsd(state, id), in: true, leaving: null }] })),
    osdOut: (id) =>
      state.change(() => {
        const osd = knownOsd(state, id);
        if (!osd.in) return {};
        return { put: [{ ...osd, in: false, leaving: { sinceMs: Date.now(), pgs: Math.max(1, sharePgs(state)) } }] };
      }),
    setOsdWeight: (id, weight) => state.change(() => ({ put: [{ ...knownOsd(state, id), weight }] })),
    async osdDrain(id) {
      const osd = knownOsd(state, id);
      return { pgs: pgsOf(state, osd, drainMs), safeToDestroy: isSafeToDestroy(osd) };
    },
    purgeOsd: (id) =>
      state.change(() => {
        const osd = state.osd(id);
        if (osd === undefined) return {};
        if (osd.running) throw new ClassifiedError('wrong_state', `OSD ${id} is up`);
        return { gone: [osd] };
      }),
    pools: async () => state.pools().map(seePool),
    async createPool({ name, pgs, copies, minCopies }) {
      nameOf('pool', name);
      if (minCopies > copies || copies > MOST_COPIES) {
        throw new ClassifiedError('wrong_input', `pool "${name}" cannot need ${minCopies} of ${copies} copies`);
      }
      await state.change(() => {
        if (state.pool(name) !== undefined) throw new ClassifiedError('already_exists', `pool "${name}" exists already`);
        const room = state.osds().filter((osd) => osd.in).length * MOST_PGS_OF_OSD;
        if (pgs * copies > room) {
          throw new ClassifiedError(
            'insufficient_resources',
            `${pgs} placement groups of ${copies} copies are more than the OSDs may have`,
          );
        }
        const { number: id, counter } = state.next();
        return { put: [counter, { kind: 'pool', name, id, pgs, copies, minCopies }] };
      });
    },
    removePool: (name) =>
      state.change(() => {
        const pool = state.pool(nameOf('pool', name));
        return pool === undefined ? {} : { gone: [pool, ...state.volumes().filter((volume) => volume.pool === name)] };
      }),
  };
}
