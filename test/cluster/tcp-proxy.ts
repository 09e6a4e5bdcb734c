// A TCP proxy that can lose answers, hang and break: what a network does between a client and its server.
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

export interface TcpProxy {
  /** `host:port` to connect to. */
  readonly address: string;
  /** Breaks all connections; new ones are served. */
  cut(): void;
  /** Lets everything hang, new connections too. */
  freeze(): void;
  /** Breaks what hangs and serves again. */
  thaw(): void;
  /** Passes requests on but loses their answers, until the connections are cut. */
  loseAnswers(): void;
  close(): void;
}

export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const [host, port] = target.split(':');
  const pairs = new Set<{ client: Socket; server: Socket }>();
  let frozen = false;

  function cut(): void {
    for (const { client, server } of pairs) {
      client.destroy();
      server.destroy();
    }
    pairs.clear();
  }

  const listener = createServer((client) => {
    const server = connect(Number(port), host);
    const pair = { client, server };
    pairs.add(pair);
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
      if (!frozen) one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));

  return {
    address: `127.0.0.1:${(listener.address() as AddressInfo).port}`,
    cut,
    freeze() {
      frozen = true;
      for (const { client, server } of pairs) {
        client.unpipe(server);
        server.unpipe(client);
      }
    },
    thaw() {
      frozen = false;
      cut();
    },
    loseAnswers() {
      for (const { client, server } of pairs) {
        server.unpipe(client);
        server.resume();
      }
    },
    close() {
      cut();
      listener.close();
    },
  };
}
