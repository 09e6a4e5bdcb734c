// The servers of the ensemble, as a setting names them. The client's own reading of such a list knows no IPv6.
import { ClassifiedError } from '../../errors/classified-error.js';

export interface Server {
  host: string;
  port: number;
}

const defaultPort = 2181;
const serverForm = /^(?:\[([0-9a-fA-F:.]+(?:%\w+)?)\]|([^\s:/[\],]+))(?::(\d{1,5}))?$/;

function parseServer(text: string): Server {
  const [, address, name, port = defaultPort] = serverForm.exec(text) ?? [];
  const host = address ?? name;
  if (host !== undefined && Number(port) <= 65_535) return { host, port: Number(port) };
  throw new ClassifiedError('wrong_input', `${JSON.stringify(text)} names no ZooKeeper server: host:port, 10.0.0.1:port or [IPv6]:port`);
}

/** Throws wrong_input for a list that names none, or something else. */
export function parseServers(connect: string): Server[] {
  return connect.split(',').map((item) => parseServer(item.trim()));
}

/** In an order of chance, so that clients spread over the ensemble. */
export function shuffled(servers: readonly Server[]): Server[] {
  return servers
    .map((server) => ({ server, at: Math.random() }))
    .toSorted((one, other) => one.at - other.at)
    .map(({ server }) => server);
}
