// From a path to its handler. A router tries one route after the other, so each section of the API (`/api/v1/vm`, `/jobs`) has a router of
// its own: a request costs what its section has, not what the whole API has.
import { Router, type RouterMiddleware } from '@koa/router';
import { handlerOf, type Surroundings } from './route-handler.js';
import { pathUnder, type RouteTable } from './route.js';

/** The path up to the first segment below its prefix; `prefixes` has the longest first. */
function sectionOf(path: string, prefixes: string[]): string {
  const prefix = prefixes.find((one) => path.startsWith(`${one}/`) && path.length > one.length + 1) ?? '';
  const end = path.indexOf('/', prefix.length + 1);
  return end < 0 ? path : path.slice(0, end);
}

/** The middleware that serves these tables; what is in none of them it passes on. */
export function routing(tables: RouteTable[], surroundings: Surroundings): RouterMiddleware {
  const prefixes = [...new Set(tables.flatMap((table) => table.prefixes))].toSorted((a, b) => b.length - a.length);
  const routers = new Map<string, Router>();
  for (const { prefixes: own, routes } of tables) {
    for (const route of routes) {
      const handle = handlerOf(route, surroundings);
      for (const prefix of own) {
        const path = pathUnder(prefix, route.path);
        const section = sectionOf(path, prefixes);
        const router = routers.get(section) ?? new Router({ sensitive: true });
        router.register(path, [route.method], (ctx) => handle(ctx, ctx.params));
        routers.set(section, router);
      }
    }
  }
  const sections = new Map(
    [...routers].map(([section, router]) => [section, { allow: router.allowedMethods(), route: router.routes() }] as const),
  );
  return async (ctx, next) => {
    const section = sections.get(sectionOf(ctx.path, prefixes));
    if (section === undefined) await next();
    else await section.allow(ctx, () => section.route(ctx, next));
  };
}
