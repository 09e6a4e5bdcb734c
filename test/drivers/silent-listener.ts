// A TCP listener that takes every connection and never says a word: what a hypervisor looks like whose libvirtd hangs.
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';

export interface SilentListener {
  uri: string;
  close(): Promise<void>;
}

export async function silentListener(): Promise<SilentListener> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    // What the other end does with its half is its affair.
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    uri: `qemu+tcp://127.0.0.1:${address.port}/system`,
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}
