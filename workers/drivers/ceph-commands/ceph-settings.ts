// The drivers' settings, from the configuration file's.
import type { Config } from '../../../schemas/config.js';
import type { CephSettings } from './ceph-client.js';
import type { OsdHostSettings } from './osd-host-parts.js';

export function cephSettings({ conf, keyring, user, command_timeout_s, silence_timeout_s }: Config['ceph']): CephSettings {
  return { conf, keyring, user, commandTimeoutMs: command_timeout_s * 1000, silenceTimeoutMs: silence_timeout_s * 1000 };
}

export function osdHostSettings(ceph: Config['ceph']): OsdHostSettings {
  return { ...cephSettings(ceph), backend: ceph.osd_backend, daemons: ceph.osd_daemons, dataDir: ceph.osd_data };
}
