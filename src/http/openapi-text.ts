// The OpenAPI document as the file in schemas/ holds it.
import { openApiOf } from './openapi.js';
import { ownRoutes } from './own-routes.js';
import type { RouteTable } from './route.js';

/** The text of the document for these dialects and the service's own routes; the same for the same tables. */
export function openApiText(dialects: RouteTable[]): string {
  return `${JSON.stringify(openApiOf([...dialects, ownRoutes(dialects)]), null, 2)}\n`;
}
