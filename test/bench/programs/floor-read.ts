// Floor of reading: a bare Koa handler that does nothing but `JSON.stringify` of what the API answers to the same path.
import Koa from 'koa';
import { listenLocally } from './listen-locally.js';
import { announce, argument } from './program.js';

export interface FloorReadArgument {
  apiUrl: string;
  token: string;
  paths: string[];
}

export interface FloorReadReady {
  url: string;
}

const { apiUrl, token, paths } = argument<FloorReadArgument>();
const answers = new Map<string, unknown>();
for (const path of paths) {
  const response = await fetch(`${apiUrl}${path}`, { headers: { Authorization: `Bearer ${token}` } });
  answers.set(path, await response.json());
}

const app = new Koa();
app.use((ctx) => {
  ctx.type = 'json';
  ctx.body = JSON.stringify(answers.get(ctx.path));
});

announce({ url: await listenLocally(app) } satisfies FloorReadReady, {});
