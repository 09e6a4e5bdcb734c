// What the package says of itself.
import { describe, expect, it } from 'vitest';
import { textOf } from './tree.js';

interface Package {
  name: string;
  version: string;
  scripts: Record<string, string>;
}

const manifest = JSON.parse(textOf('package.json')) as Package;

describe('package.json', () => {
  it('says what the project is', () => {
    expect(manifest).toMatchObject({ name: 'rapid', private: true, license: 'Apache-2.0', type: 'module', engines: { node: '>=20.19' } });
  });

  it('agrees with its lock file, which names no place that packages came from', () => {
    const lock = JSON.parse(textOf('package-lock.json')) as { version: string; packages: Record<string, { resolved?: string }> };
    expect(lock.version).toBe(manifest.version);
    const elsewhere = Object.values(lock.packages).filter(({ resolved }) => resolved !== undefined);
    expect(elsewhere).toEqual([]);
  });

  it('sets up and builds before it starts or tests', () => {
    for (const script of ['prestart', 'pretest']) expect(manifest.scripts[script]).toMatch(/run --silent setup && .*run --silent build/);
  });
});

it('LICENSE is the text of the Apache License 2.0', () => {
  expect(textOf('LICENSE')).toMatch(/Apache License\s+Version 2\.0, January 2004[^]*END OF TERMS AND CONDITIONS/);
});

it('CHANGELOG.md has a section for this version, or for what is unreleased', () => {
  const headings = textOf('CHANGELOG.md')
    .split('\n')
    .filter((line) => line.startsWith('## '));
  expect(headings.some((line) => line.includes(`[${manifest.version}]`) || line.includes('[Unreleased]'))).toBe(true);
});
