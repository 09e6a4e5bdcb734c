// Servers that end a connection while it opens: the session goes on trying, and nothing is thrown where nobody catches it.
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { openSession } from '../../src/cluster/zookeeper/session.js';
import type { Session } from '../../src/cluster/zookeeper/session.js';
import { patience } from '../lab/patience.js';

/** What a server answers to a client that connects: a session of so long. */
function greeting(sessionMs = 10_000): Buffer {
  const frame = Buffer.alloc(40);
  frame.writeInt32BE(36, 0);
  frame.writeInt32BE(sessionMs, 8);
  frame.writeInt32BE(16, 20);
  return frame;
}

/** A server's answer to the first request of a connection. */
function firstAnswer(): Buffer {
  const frame = Buffer.alloc(20);
  frame.writeInt32BE(16, 0);
  return frame;
}

/** Meets the connections one after the other with these manners, and all later ones with a greeting. */
async function sessionMeeting(manners: ((socket: Socket) => void)[]): Promise<Session> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    const meet = manners.shift() ?? ((to) => to.once('data', () => to.write(greeting())));
    meet(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const session = openSession({
    servers: [{ host: '127.0.0.1', port: (server.address() as AddressInfo).port }],
    credentials: undefined,
    sessionTimeoutMs: 3000,
    onWatch: () => {},
    onCreated: () => {},
    onExpired: () => {},
  });
  onTestFinished(async () => {
    const closed = session.close();
    for (const socket of sockets) socket.destroy();
    await closed;
    server.close();
  });
  return session;
}

/** Connected, and still so when all events under way have been heard. */
async function isConnected(session: Session): Promise<boolean> {
  await session.gate.ready();
  await new Promise(setImmediate);
  return session.gate.state === 'connected';
}

it('survives connections that end at once, unanswered', async () => {
  const end = (socket: Socket) => socket.end();
  const reset = (socket: Socket) => socket.resetAndDestroy();
  expect(await isConnected(await sessionMeeting([end, reset, (socket) => socket.once('data', reset.bind(null, socket))]))).toBe(true);
});

it('survives a connection that ends with its greeting', async () => {
  // A second message that nobody has asked for breaks the connection within the event that opened it.
  const breach = (socket: Socket) => socket.once('data', () => socket.write(Buffer.concat([greeting(), greeting()])));
  const end = (socket: Socket) => socket.once('data', () => socket.end(greeting()));
  expect(await isConnected(await sessionMeeting([breach, end, breach]))).toBe(true);
});

it('survives a greeting that comes when it has just given up', async () => {
  const late = (socket: Socket) =>
    socket.once('data', () => {
      socket.write(greeting());
      // Nothing else is heard here until the time for a greeting is over: then both are due, and the clock is looked at first.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1200);
    });
  expect(await isConnected(await sessionMeeting([late, late]))).toBe(true);
});

it('closes also while the server is about to end the session that was lost', async () => {
  const closing: Promise<void>[] = [];
  const silent = (socket: Socket) => socket.once('data', () => socket.write(greeting(1000)));
  const ending = (socket: Socket) =>
    socket.once('data', () => {
      socket.write(greeting(1000));
      socket.once('data', () => {
        closing.push(session.close());
        socket.end(firstAnswer());
      });
    });
  const session = await sessionMeeting([silent, () => {}, ending]);
  const states: string[] = [];
  session.gate.onChange((state) => states.push(state));
  await expect.poll(() => closing.length, { timeout: patience(15_000) }).toBe(1);
  await Promise.all(closing);
  expect(states.at(-1)).toBe('expired');
});
