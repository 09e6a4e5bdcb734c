// What the cluster says of its OSDs: the OSD map knows their states, the manager how full and how busy they are.
import type { OsdSighting } from '../ceph.js';
import { asRecord, type CephRecord, numberIn, numbersIn, recordsIn, textIn, textsIn } from './ceph-json.js';

/** The rates of one OSD, of which there is no JSON. */
interface Rates {
  readOpsPerS: number;
  readBytesPerS: number;
  writeOpsPerS: number;
  writeBytesPerS: number;
}

const NO_RATES: Rates = { readOpsPerS: 0, readBytesPerS: 0, writeOpsPerS: 0, writeBytesPerS: 0 };

/** From `osd dump`, `osd df tree` and the table of `osd status`. */
export function readOsds(dump: unknown, dfTree: unknown, statusTable: string): OsdSighting[] {
  const nodes = recordsIn(asRecord(dfTree), 'nodes').concat(recordsIn(asRecord(dfTree), 'stray'));
  const usage = new Map(nodes.filter((node) => textIn(node, 'type') === 'osd').map((node) => [numberIn(node, 'id'), node]));
  const hosts = new Map(
    nodes
      .filter((node) => textIn(node, 'type') === 'host')
      .flatMap((host) => numbersIn(host, 'children').map((id): [number, string] => [id, textIn(host, 'name')])),
  );
  const rates = readRates(statusTable);
  return recordsIn(asRecord(dump), 'osds')
    .map((osd) => {
      const id = numberIn(osd, 'osd');
      return readOsd(id, osd, usage.get(id) ?? {}, hosts.get(id) ?? '', rates.get(id) ?? NO_RATES);
    })
    .toSorted((one, other) => one.id - other.id);
}

function readOsd(id: number, osd: CephRecord, usage: CephRecord, host: string, rates: Rates): OsdSighting {
  return {
    id,
    fsid: textIn(osd, 'uuid'),
    up: numberIn(osd, 'up') === 1,
    in: numberIn(osd, 'in') === 1,
    state: textsIn(osd, 'state'),
    host,
    deviceClass: textIn(usage, 'device_class'),
    primaryAffinity: numberIn(osd, 'primary_affinity'),
    crushWeight: numberIn(usage, 'crush_weight'),
    reweight: numberIn(osd, 'weight'),
    pgs: numberIn(usage, 'pgs'),
    sizeBytes: numberIn(usage, 'kb') * 1024,
    usedBytes: numberIn(usage, 'kb_used') * 1024,
    freeBytes: numberIn(usage, 'kb_avail') * 1024,
    usedPercent: numberIn(usage, 'utilization'),
    variance: numberIn(usage, 'var'),
    ...rates,
  };
}

/** ID, host, used, free, written (operations, bytes), read (the same), state; an OSD that is down has no host, and no rates. */
const ROW = /^\s*(\d+)\s+\S+\s+\S+\s+\S+\s+(\d+)\s+([\d.]+[a-zA-Z]?)\s+(\d+)\s+([\d.]+[a-zA-Z]?)\s+\S+/;

function readRates(table: string): Map<number, Rates> {
  const rows = table.split('\n').map((line) => ROW.exec(line.replaceAll('|', ' ')));
  return new Map(
    rows
      .filter((row) => row !== null)
      .map(([, id, writeOps, written = '', readOps, read = '']) => [
        Number(id),
        { readOpsPerS: Number(readOps), readBytesPerS: bytesOf(read), writeOpsPerS: Number(writeOps), writeBytesPerS: bytesOf(written) },
      ]),
  );
}

const UNITS = 'kmgtpe';

/** `4096k` is 4 MiB. */
function bytesOf(text: string): number {
  const unit = UNITS.indexOf(text.slice(-1).toLowerCase());
  return Math.round(Number.parseFloat(text) * 1024 ** (unit + 1)) || 0;
}
