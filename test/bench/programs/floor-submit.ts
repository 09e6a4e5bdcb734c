// Floor of submitting: a bare Koa handler that parses a JSON body and does one `queue.add`.
import { bodyParser } from '@koa/bodyparser';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import Koa from 'koa';
import { listenLocally } from './listen-locally.js';
import { announce, argument } from './program.js';

export interface FloorSubmitArgument {
  redisUrl: string;
  /** The queue's name. */
  name: string;
}

export interface FloorSubmitReady {
  url: string;
}

const { redisUrl, name } = argument<FloorSubmitArgument>();
const queue = new Queue(name, {
  connection: new Redis(redisUrl, { maxRetriesPerRequest: null }),
  defaultJobOptions: { removeOnComplete: true },
});
const app = new Koa();
app.use(bodyParser());
app.use(async (ctx) => {
  const { id } = await queue.add('job', ctx.request.body);
  ctx.status = 202;
  ctx.body = { job: id };
});

announce({ url: await listenLocally(app) } satisfies FloorSubmitReady, {});
