// What a guest needs to open its volumes: where the monitors are, and a key.
import { readFile } from 'node:fs/promises';
import type { Config } from '../../../schemas/config.js';
import type { RbdAccess, RbdMonitor } from '../../../src/domain-xml/new-domain-xml.js';
import { ClassifiedError } from '../../../src/errors/classified-error.js';
import type { CephSecret } from '../hypervisor.js';

/** A client tries these by itself; with one of them alone it would speak one of the two protocols only. */
const USUAL_PORTS = new Set(['3300', '6789']);

/** `a`, `a:6789`, `v1:a:6789/0`, `[::1]:6789`: the host and, unless it is the usual one, the port. */
function monitorIn(address: string): RbdMonitor[] {
  const bare = address.replace(/^(v\d|any):/, '').replace(/\/\d+$/, '');
  const { host, bracketed, port } = /^(?:\[(?<bracketed>[^\]]+)\]|(?<host>[^:]+))(?::(?<port>\d+))?$/.exec(bare)?.groups ?? {};
  const name = bracketed ?? host;
  if (name === undefined) return [];
  return [{ host: name, ...(port === undefined || USUAL_PORTS.has(port) ? {} : { port: Number(port) }) }];
}

/** From `mon_host`: of a monitor with several addresses the one of the older protocol, which every client speaks. */
function monitorsIn(list: string): RbdMonitor[] {
  const monitors = list.match(/\[v\d:[^\]]*(?:\[[^\]]*\][^\]]*)*\]|[^\s,;]+/g) ?? [];
  return monitors.flatMap((monitor) => {
    const addresses = monitor.startsWith('[v') ? monitor.slice(1, -1).split(',') : [monitor];
    return monitorIn((addresses.find((address) => address.startsWith('v1:')) ?? addresses[0] ?? '').trim());
  });
}

/** The value of a key of an INI file as Ceph reads it: `mon host` and `mon_host` are the same. */
function valueIn(file: string, section: string, key: string): string | undefined {
  let present = '';
  for (const line of file.split('\n').map((text) => text.replace(/(^|\s)[#;].*$/, '').trim())) {
    const header = /^\[(.+)\]$/.exec(line)?.[1];
    const [name = '', ...value] = line.split('=');
    if (header !== undefined) present = header.trim();
    else if (present === section && value.length > 0 && name.trim().replaceAll(/[\s_-]+/g, '_') === key) return value.join('=').trim();
  }
  return undefined;
}

type Settings = Pick<Config['ceph'], 'conf' | 'keyring' | 'user' | 'monitors' | 'guest_user' | 'guest_keyring' | 'secret_uuid'>;

const guestUser = ({ guest_user, user }: Settings) => guest_user || user;

/** environment_error: there is no configuration, or it names no monitor. */
export async function rbdAccess(settings: Settings): Promise<RbdAccess> {
  const { conf, monitors: given, secret_uuid: secretUuid } = settings;
  const read = async () =>
    await readFile(conf, 'utf8').catch((cause: unknown) => {
      throw new ClassifiedError('environment_error', 'no Ceph is configured', { cause });
    });
  const monitors = monitorsIn(given || (valueIn(await read(), 'global', 'mon_host') ?? ''));
  if (monitors.length === 0) throw new ClassifiedError('environment_error', 'the configuration of Ceph names no monitor');
  return { monitors, user: guestUser(settings).replace(/^client\./, ''), secretUuid };
}

/** The secret for this node's guests; undefined: this node has no key. */
export async function guestSecret(settings: Settings): Promise<CephSecret | undefined> {
  const user = guestUser(settings);
  const shared = user === settings.user ? settings.keyring : '';
  const keyring = settings.guest_keyring || shared || `/etc/ceph/ceph.${user}.keyring`;
  const key = valueIn(await readFile(keyring, 'utf8').catch(() => ''), user, 'key');
  return key === undefined ? undefined : { uuid: settings.secret_uuid, name: `rapid: Ceph as ${user}`, key };
}
