// The published document is the one that the tables make, and its references lead somewhere.
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { OPCODES } from '../../schemas/opcodes/catalogue.js';
import { DIALECTS } from '../../src/dialects/dialects.js';
import { openApiText } from '../../src/http/openapi-text.js';
import { startTestApi } from './api-under-test.js';

const text = openApiText(DIALECTS);

it('stands in schemas/ as the tables make it (npm run schemas writes it)', async () => {
  expect(await readFile(new URL('../../schemas/openapi.json', import.meta.url), 'utf8')).toBe(text);
});

it('has every opcode and no dangling reference', () => {
  const { components } = JSON.parse(text);
  for (const { id } of OPCODES) expect(components.schemas).toHaveProperty(id);
  for (const [, section = '', name = ''] of text.matchAll(/"#\/components\/(\w+)\/(\w+)"/g))
    expect(components[section]).toHaveProperty(name);
});

it('gives every operation a name of its own', () => {
  const names = [...text.matchAll(/"operationId": "(.*)"/g)].map(([, name]) => name);
  expect(new Set(names).size).toBe(names.length);
});

it('is served', async () => {
  const api = await startTestApi();
  expect((await api.call('GET', '/api/v1/openapi.json')).body).toEqual(JSON.parse(text));
  await api.close();
});
