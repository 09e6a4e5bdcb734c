// A small HTTP/1.1 client: one connection, one request at a time, the request's bytes ready beforehand, an answer with a Content-Length.
// A full client would cost more than some of the servers that it measures, and take the core that they need.
import { connect } from 'node:net';

export interface RequestText {
  method: string;
  path: string;
  headers: Record<string, string>;
  body?: string;
}

export interface Reply {
  status: number;
  body: string;
}

export interface Connection {
  /** The answer to these bytes. `keepBody`: whether its text is wanted; that of a failure always is. */
  send(request: Buffer, keepBody?: boolean): Promise<Reply>;
  close(): void;
}

const END_OF_HEAD = '\r\n\r\n';
const FIRST_FAILURE = 400;

export function bytesOf({ method, path, headers, body = '' }: RequestText): Buffer {
  const all = {
    Host: 'localhost',
    ...headers,
    ...(body === '' ? {} : { 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(body)) }),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`);
}

interface Waiting {
  keepBody: boolean;
  resolve(reply: Reply): void;
  reject(error: Error): void;
}

/** Resolves when connected. */
export async function openConnection(url: string): Promise<Connection> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  let waiting: Waiting | undefined;
  let head = '';
  let status = 0;
  /** Bytes of the body that are still to come; undefined before the head is complete. */
  let left: number | undefined;
  let body: Buffer[] = [];

  const readHead = (bytes: Buffer): Buffer => {
    const before = head.length;
    head += bytes.toString('latin1');
    const end = head.indexOf(END_OF_HEAD);
    if (end < 0) return bytes.subarray(bytes.length);
    status = Number(head.slice(9, 12));
    const length = /\r\ncontent-length: *(\d+)/i.exec(head.slice(0, end))?.[1];
    if (length === undefined) throw new Error(`an answer without Content-Length: ${head}`);
    left = Number(length);
    return bytes.subarray(end + END_OF_HEAD.length - before);
  };
  const finish = () => {
    const reply = { status, body: Buffer.concat(body).toString() };
    const asker = waiting;
    [waiting, head, left, body] = [undefined, '', undefined, []];
    asker?.resolve(reply);
  };
  const read = (bytes: Buffer) => {
    const rest = left === undefined ? readHead(bytes) : bytes;
    if (left === undefined) return;
    if (waiting?.keepBody === true || status >= FIRST_FAILURE) body.push(rest);
    left -= rest.length;
    if (left === 0) finish();
  };
  const fail = (error: Error) => {
    waiting?.reject(error);
    socket.destroy();
  };

  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('the server closed the connection')));
  socket.on('data', (bytes) => {
    try {
      read(bytes);
    } catch (error) {
      fail(error as Error);
    }
  });
  return {
    send: (request, keepBody = false) =>
      new Promise((resolve, reject) => {
        waiting = { keepBody, resolve, reject };
        socket.write(request);
      }),
    close: () => socket.destroy(),
  };
}
