/** The files of the lab's Ceph: one configuration for daemons and clients, and their keys. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CephDescription } from './ceph-plan.js';

/** A sparse file is an OSD's disk; what is not written to takes no memory. */
const OSD_BYTES = 2 * 1024 ** 3;

const CEPH_KEYRINGS = {
  mon: { entity: 'mon.', caps: { mon: 'allow *' } },
  admin: { entity: 'client.admin', caps: { mon: 'allow *', osd: 'allow *', mgr: 'allow *', mds: 'allow *' } },
  mgr: { entity: 'mgr.lab', caps: { mon: 'allow profile mgr', osd: 'allow *', mds: 'allow *' } },
} as const;

type Keyring = keyof typeof CEPH_KEYRINGS;

/** Made once; the cluster knows its keys only from them. */
export async function writeCephFiles(ceph: CephDescription): Promise<void> {
  for (const folder of [ceph.logDir, ceph.runDir, ceph.monDir, ceph.mgrDir, ceph.deviceDir]) await mkdir(folder, { recursive: true });
  await writeFile(ceph.conf, configuration(ceph));
  const secrets = await keepSecrets(ceph);
  const section = (name: Keyring) => keyringSection(CEPH_KEYRINGS[name].entity, secrets[name], CEPH_KEYRINGS[name].caps);
  await Promise.all([
    writeFile(ceph.keyring, section('admin'), { mode: 0o600 }),
    writeFile(join(ceph.mgrDir, 'keyring'), section('mgr'), { mode: 0o600 }),
    // What the first monitor is made with, it knows from the beginning: no command is needed to tell it.
    writeFile(join(ceph.dir, 'initial.keyring'), [section('mon'), section('admin'), section('mgr')].join(''), { mode: 0o600 }),
  ]);
}

/** Names are short, because the path of a socket may have 107 characters. */
function configuration({ fsid, monHost, subnet, runDir, logDir, monDir, mgrDir }: CephDescription): string {
  const global = {
    fsid,
    mon_host: monHost,
    public_network: subnet,
    auth_allow_insecure_global_id_reclaim: false,
    run_dir: runDir,
    admin_socket: join(runDir, '$name.$pid.sock'),
    log_file: join(logDir, '$name.log'),
    log_to_stderr: false,
    err_to_stderr: true,
    // Where a daemon works is how the lab finds it again.
    chdir: '',
    // One machine is all there is: copies go to different OSDs, not to different hosts.
    osd_crush_chooseleaf_type: 0,
    osd_pool_default_size: 2,
    osd_pool_default_min_size: 1,
    osd_pool_default_pg_autoscale_mode: 'off',
    mon_allow_pool_delete: true,
    mon_max_pg_per_osd: 500,
    // Nobody needs to be warned of a machine that has only so much.
    mon_data_avail_warn: 1,
    mon_data_avail_crit: 0,
    mon_warn_on_pool_no_redundancy: false,
  };
  const mon = {
    mon_data: monDir,
    mon_osd_min_down_reporters: 1,
    // Changes are not gathered for a second before they are agreed upon: there is nobody to agree with.
    paxos_propose_interval: 0.05,
    paxos_min_wait: 0.01,
    mon_tick_interval: 1,
  };
  const mgr = { mgr_data: mgrDir, mgr_stats_period: 1, mgr_tick_period: 1, mgr_initial_modules: '' };
  const osd = {
    osd_memory_target: 939_524_096,
    bluestore_block_size: OSD_BYTES,
    bluestore_cache_size: 64 * 1024 ** 2,
    osd_max_backfills: 8,
    osd_recovery_max_active: 8,
    osd_recovery_sleep: 0,
    osd_heartbeat_grace: 10,
    osd_mon_report_interval: 1,
    osd_pg_stat_report_interval_max: 5,
    osd_class_update_on_start: true,
    osd_client_watch_timeout: 10,
  };
  return Object.entries({ global, mon, mgr, osd })
    .map(([section, options]) => `[${section}]\n${lines(options)}`)
    .join('\n');
}

function lines(options: Readonly<Record<string, string | number | boolean>>): string {
  return Object.entries(options)
    .map(([name, value]) => `${name} = ${value}\n`)
    .join('');
}

async function keepSecrets({ dir }: CephDescription): Promise<Record<Keyring, string>> {
  const file = join(dir, 'secrets.json');
  const known = await readFile(file, 'utf8').catch(() => undefined);
  if (known !== undefined) return JSON.parse(known) as Record<Keyring, string>;
  const secrets = { mon: newSecret(), admin: newSecret(), mgr: newSecret() };
  await writeFile(file, JSON.stringify(secrets), { mode: 0o600 });
  return secrets;
}

/** A key as cephx writes it: type AES, time of making, length, and 16 random bytes. */
export function newSecret(): string {
  const head = Buffer.alloc(12);
  head.writeUInt16LE(1, 0);
  head.writeUInt32LE(Math.floor(Date.now() / 1000), 2);
  head.writeUInt16LE(16, 10);
  return Buffer.concat([head, randomBytes(16)]).toString('base64');
}

export function keyringSection(entity: string, secret: string, caps: Readonly<Record<string, string>>): string {
  const rights = Object.entries(caps).map(([daemon, cap]) => `\tcaps ${daemon} = "${cap}"\n`);
  return `[${entity}]\n\tkey = ${secret}\n${rights.join('')}`;
}
