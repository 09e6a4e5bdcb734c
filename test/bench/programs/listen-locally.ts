// A floor's server on a free port.
import type { AddressInfo } from 'node:net';
import type Koa from 'koa';

/** Answers its URL. */
export function listenLocally(app: Koa): Promise<string> {
  return new Promise((resolve) => {
    const server = app.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  });
}
