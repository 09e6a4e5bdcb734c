// The published document can be made of the storage's routes: every operation has a name of its own, every schema a description.
import { expect, it } from 'vitest';
import { STORAGE_OPCODES } from '../../schemas/opcodes/storage-catalogue.js';
import { DIALECTS } from '../../src/dialects/dialects.js';
import { STORAGE_TABLES } from '../../src/dialects/pvc/storage-table.js';
import { openApiText } from '../../src/http/openapi-text.js';

const tables = [...new Set([...DIALECTS, ...STORAGE_TABLES])];

it('gives every operation a name of its own', () => {
  const names = [...openApiText(tables).matchAll(/"operationId": "(.*)"/g)].map(([, name]) => name);
  expect(names).toContain('get_api_v1_ceph_volume_snapshot_pool_volume_snapshot');
  expect(new Set(names).size).toBe(names.length);
});

it('serves no path twice', () => {
  const paths = tables.flatMap(({ prefixes, routes }) =>
    prefixes.flatMap((prefix) => routes.map(({ method, path }) => `${method} ${prefix}${path.replaceAll(/:\w+/g, ':')}`)),
  );
  expect(paths.filter((path, index) => paths.indexOf(path) !== index)).toEqual([]);
});

it.each(STORAGE_OPCODES.map((schema): [string, typeof schema] => [schema.id, schema]))(
  '%s says what each parameter means',
  (_id, schema) => {
    const described = expect.objectContaining({ description: expect.any(String) });
    expect(schema.parameters).toEqual(described);
    for (const [name, value] of Object.entries(schema.parameters.properties)) expect([name, value]).toEqual([name, described]);
  },
);
