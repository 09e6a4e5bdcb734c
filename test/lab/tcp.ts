/** The two things the lab needs of TCP: a port nobody uses, and one question with one answer. */
import { createConnection, createServer } from 'node:net';

/** Servers that people expect at these ports must never be mistaken for the lab's. */
const WELL_KNOWN = new Set([2181, 6379]);

/** A port that is free on each of the addresses at present. */
export async function freePort(addresses: readonly string[]): Promise<number> {
  const [first = '127.0.0.1', ...others] = addresses;
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const port = await tryListen(first, 0);
    if (port === undefined || WELL_KNOWN.has(port)) continue;
    const free = await Promise.all(others.map((address) => tryListen(address, port)));
    if (!free.includes(undefined)) return port;
  }
  throw new Error(`found no TCP port that is free on ${addresses.join(' and ')}`);
}

/** Sends the request and returns what comes back up to `complete` or the end; undefined if nobody answers. */
export function ask(
  host: string,
  port: number,
  { request, complete, within = 1_000 }: { request: string; complete: RegExp; within?: number },
): Promise<string | undefined> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = createConnection({ host, port, timeout: within });
    const finish = (result: string | undefined) => {
      socket.destroy();
      resolve(result);
    };
    socket.on('connect', () => socket.write(request));
    socket.on('data', (bytes) => {
      answer += bytes.toString('latin1');
      if (complete.test(answer)) finish(answer);
    });
    socket.on('end', () => finish(answer));
    socket.on('timeout', () => finish(undefined));
    socket.on('error', () => finish(undefined));
  });
}

/** Whether somebody accepts connections there. */
export function listens(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port, timeout: 1_000 });
    const finish = (result: boolean) => {
      socket.destroy();
      resolve(result);
    };
    socket.on('connect', () => finish(true));
    socket.on('timeout', () => finish(false));
    socket.on('error', () => finish(false));
  });
}

function tryListen(host: string, port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on('error', () => resolve(undefined));
    server.listen({ host, port }, () => {
      const address = server.address();
      const got = address !== null && typeof address === 'object' ? address.port : undefined;
      server.close(() => resolve(got));
    });
  });
}
