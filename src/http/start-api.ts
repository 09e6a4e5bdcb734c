// The API as a running server.
import { createServer, type Server } from 'node:http';
import { isIPv6, type AddressInfo } from 'node:net';
import { assertSafeToListen, listenAddress } from '../config/listen-address.js';
import { DIALECTS } from '../dialects/dialects.js';
import { createApp } from './app.js';
import { ownRoutes } from './own-routes.js';
import { requestSignals } from './request-signals.js';
import type { Services } from './services.js';

export interface Api {
  /** `http://127.0.0.1:5080` */
  url: string;
  /** Takes no new requests, ends the waiting ones with what they have, and resolves when every answer is given. */
  close(): Promise<void>;
}

/** How long answers under way may take after `close`; then their connections are cut. */
const CLOSING_MS = 10_000;

function listening(server: Server, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      const address = server.address();
      if (typeof address === 'object' && address !== null) resolve(address);
    });
  });
}

function closed(server: Server): Promise<void> {
  const late = setTimeout(() => server.closeAllConnections(), CLOSING_MS);
  return new Promise((resolve) => {
    server.close(() => {
      clearTimeout(late);
      resolve();
    });
  });
}

/** Serves every dialect at `config.listen`. Throws wrong_input for an address that would need tokens, and when it can't be listened on. */
export async function startApi(services: Services): Promise<Api> {
  assertSafeToListen(services.config);
  const signals = requestSignals();
  const handle = createApp([...DIALECTS, ownRoutes(DIALECTS)], services, signals).callback();
  const server = createServer((request, response) => void handle(request, response));
  // A connection that is kept for a next request would hold up the closing. It counts as idle only after this event.
  server.on('request', (_request, response) => {
    response.once('close', () => {
      if (!server.listening) setImmediate(() => server.closeIdleConnections());
    });
  });
  const { host, port } = listenAddress(services.config.listen);
  const { port: chosen } = await listening(server, host, port);
  return {
    url: `http://${isIPv6(host) ? `[${host}]` : host}:${chosen}`,
    close: () => {
      const done = closed(server);
      signals.abortAll();
      return done;
    },
  };
}
