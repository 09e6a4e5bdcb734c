// node-zookeeper-client with promises and nothing else: what the floors call ZooKeeper through.
import zookeeper, { type Answer } from 'node-zookeeper-client';

const { CreateMode } = zookeeper;
const MODES = { persistent: CreateMode.PERSISTENT, queued: CreateMode.EPHEMERAL_SEQUENTIAL };
const SESSION_TIMEOUT_MS = 10_000;

export interface FloorZooKeeper {
  /** Answers the path of the new node. */
  create(path: string, data: string, mode: keyof typeof MODES): Promise<string>;
  children(path: string): Promise<string[]>;
  read(path: string): Promise<Buffer | undefined>;
  remove(path: string): Promise<void>;
}

const answered = <T>(send: (answer: Answer<T>) => void): Promise<T> =>
  new Promise((resolve, reject) => send((error, value) => (error ? reject(error) : resolve(value as T))));

export async function openFloorZooKeeper(connect: string): Promise<FloorZooKeeper> {
  const client = zookeeper.createClient(connect, { sessionTimeout: SESSION_TIMEOUT_MS });
  client.connect();
  // Requests wait in the client until it is connected.
  await answered((answer) => client.exists('/', undefined, answer));
  return {
    create: (path, data, mode) =>
      answered((answer) => client.create(path, Buffer.from(data), zookeeper.ACL.OPEN_ACL_UNSAFE, MODES[mode], answer)),
    children: (path) => answered((answer) => client.getChildren(path, undefined, answer)),
    read: (path) => answered((answer) => client.getData(path, undefined, answer)),
    remove: (path) => answered((answer) => client.remove(path, -1, answer)),
  };
}
