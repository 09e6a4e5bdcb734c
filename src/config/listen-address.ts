// The address that the API listens on, and whether it may.
import { BlockList, isIPv6 } from 'node:net';
import type { Config } from '../../schemas/config.js';
import { ClassifiedError } from '../errors/classified-error.js';

const MAX_PORT = 65_535;

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8);
loopback.addAddress('::1', 'ipv6');

/** The parts of `host:port`; an IPv6 host loses its brackets. Throws wrong_input for a port that does not exist. */
export function listenAddress(listen: string): { host: string; port: number } {
  const colon = listen.lastIndexOf(':');
  const port = Number(listen.slice(colon + 1));
  if (port > MAX_PORT) throw new ClassifiedError('wrong_input', `listen: ${port} is not a port; the highest is ${MAX_PORT}`);
  return { host: listen.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port };
}

const isLoopback = (host: string): boolean => host === 'localhost' || loopback.check(host, isIPv6(host) ? 'ipv6' : 'ipv4');

/** Throws wrong_input when the address can be reached from other machines and nobody would have to say who he is. */
export function assertSafeToListen({ listen, auth }: Pick<Config, 'listen' | 'auth'>): void {
  const { host } = listenAddress(listen);
  if (auth.tokens.length === 0 && !isLoopback(host)) {
    throw new ClassifiedError(
      'wrong_input',
      `listen: ${listen} can be reached from other machines, which needs at least one token in auth.tokens; without tokens only 127.0.0.1 or [::1] will do`,
    );
  }
}
