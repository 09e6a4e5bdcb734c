// The load, in a process of its own: the same generator for the product and for the floors.
import { bytesOf, openConnection, type Connection, type Reply, type RequestText } from './http-connection.js';
import { announce } from './program.js';

interface Load {
  url: string;
  request: RequestText;
  /** Each has one request under way at a time. */
  connections: number;
}

export interface LoadGenerator {
  /** Sends for so many seconds; answers requests per second. */
  rate(load: Load & { seconds: number }): Promise<number>;
  /** Sends so many; answers when the first was sent (milliseconds since 1970). */
  times(load: Load & { count: number }): Promise<number>;
  /** Does these requests one after the other, again and again; answers the milliseconds of each turn. `{job}` in a path is the job that the request before it made. */
  turns(order: { url: string; turns: RequestText[][] }): Promise<number[]>;
  /** Lets so many clients make each of these requests, which ask for a job's end; resolves when all have asked. */
  wait(order: { url: string; requests: RequestText[]; clients: number }): Promise<void>;
  /** Resolves when all who wait are answered: by how many milliseconds after its job's end the last one was. */
  woken(): Promise<number>;
  /** The largest share of a core that this process has used in one of its tasks. From about 0.9 on it is the bottleneck. */
  busiest(): number;
}

const FIRST_FAILURE = 400;
const now = () => performance.timeOrigin + performance.now();

let busiest = 0;
let waiting: Promise<number>[] = [];

async function sent(connection: Connection, request: Buffer, keepBody = false): Promise<Reply> {
  const reply = await connection.send(request, keepBody);
  if (reply.status >= FIRST_FAILURE) throw new Error(`${request.toString('latin1').split('\r\n')[0]}: ${reply.status} ${reply.body}`);
  return reply;
}

/** Sends over all connections for as long as `more` says so; answers what was done by when. */
async function load(
  { url, request, connections }: Load,
  more: (sentSoFar: number) => boolean,
): Promise<{ count: number; begunMs: number; seconds: number }> {
  const opened = await Promise.all(Array.from({ length: connections }, () => openConnection(url)));
  const bytes = bytesOf(request);
  const cpu = process.cpuUsage();
  const begunMs = now();
  let count = 0;
  await Promise.all(
    opened.map(async (connection) => {
      while (more(count)) {
        count++;
        await sent(connection, bytes);
      }
    }),
  );
  const seconds = (now() - begunMs) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  busiest = Math.max(busiest, (user + system) / 1e6 / seconds);
  for (const connection of opened) connection.close();
  return { count, begunMs, seconds };
}

async function lateMs(connection: Connection, request: Buffer): Promise<number> {
  const { body } = await sent(connection, request, true);
  const at = now();
  connection.close();
  const record = JSON.parse(body) as { end_ts: [seconds: number, microseconds: number] | null } | null;
  if (record?.end_ts == null) throw new Error(`a client waited in vain: ${body}`);
  const [seconds, microseconds] = record.end_ts;
  return at - (seconds * 1000 + microseconds / 1000);
}

announce(undefined, {
  async rate({ seconds, ...order }) {
    const endMs = now() + seconds * 1000;
    const done = await load(order, () => now() < endMs);
    return done.count / done.seconds;
  },
  times: async ({ count, ...order }) => (await load(order, (sentSoFar) => sentSoFar < count)).begunMs,
  async turns({ url, turns }) {
    const connection = await openConnection(url);
    const taken: number[] = [];
    for (const requests of turns) {
      const begunMs = now();
      let job = 0;
      for (const request of requests) {
        const { body } = await sent(connection, bytesOf({ ...request, path: request.path.replace('{job}', String(job)) }), true);
        job = (JSON.parse(body) as { job?: number }).job ?? job;
      }
      taken.push(now() - begunMs);
    }
    connection.close();
    return taken;
  },
  async wait({ url, requests, clients }) {
    for (const request of requests.map(bytesOf)) {
      const opened = await Promise.all(Array.from({ length: clients }, () => openConnection(url)));
      waiting.push(...opened.map((connection) => lateMs(connection, request)));
    }
    // What fails is told by `woken`.
    for (const one of waiting) one.catch(() => undefined);
  },
  async woken() {
    const late = await Promise.all(waiting);
    waiting = [];
    return Math.max(...late);
  },
  busiest: () => busiest,
} satisfies LoadGenerator);
