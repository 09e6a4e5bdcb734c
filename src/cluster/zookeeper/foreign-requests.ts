// Requests that the client library does not know. It is given each as one that it knows, of the same form and with an answer that it does
// not read; only the code that goes over the wire is another.
import type { Answer } from 'node-zookeeper-client';
import jute from 'node-zookeeper-client/lib/jute/index.js';
import type { RequestPayload } from 'node-zookeeper-client/lib/jute/index.js';
import type { Connection } from './connection.js';

const addWatchCode = 106;
const persistentRecursive = 1;
/** In a frame: behind its length and the number of the request. */
const codeOffset = 8;

class ForeignRequest extends jute.Request {
  readonly #code: number;

  constructor(code: number, payload: RequestPayload) {
    const header = new jute.protocol.RequestHeader();
    header.type = jute.OP_CODES.DELETE;
    super(header, payload);
    this.#code = code;
  }

  override toBuffer(): Buffer {
    const frame = super.toBuffer();
    frame.writeInt32BE(this.#code, codeOffset);
    return frame;
  }
}

async function send({ client, call }: Connection, request: ForeignRequest, onAnswered?: () => void): Promise<void> {
  await call<void>((answer: Answer<void>) =>
    client.connectionManager.queue(request, (error) => {
      if (!error) onAnswered?.();
      answer(error);
    }),
  );
}

/** Resolves when the server has caught up with all that was committed before, and has told of it as far as it is watched. */
export async function sync(connection: Connection, path: string): Promise<void> {
  const payload = new jute.protocol.GetACLRequest();
  payload.path = path;
  await send(connection, new ForeignRequest(jute.OP_CODES.SYNC, payload));
}

/**
 * Has every change of the node and of all below it told until the connection ends, without reading anything. `onWatched` is called before
 * the next message from the server is read. Needs ZooKeeper 3.6.
 */
export async function watchBelow(connection: Connection, path: string, onWatched: () => void): Promise<void> {
  const payload = new jute.protocol.DeleteRequest();
  payload.path = path;
  payload.version = persistentRecursive;
  await send(connection, new ForeignRequest(addWatchCode, payload), onWatched);
}
