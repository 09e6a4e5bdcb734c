// A command: writes the OpenAPI document to schemas/openapi.json.
import { writeFile } from 'node:fs/promises';
import { DIALECTS } from '../dialects/dialects.js';
import { openApiText } from './openapi-text.js';

await writeFile(new URL('../../schemas/openapi.json', import.meta.url), openApiText(DIALECTS));
