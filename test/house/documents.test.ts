// The documents: their links lead somewhere, and the settings and commands that they name exist.
import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OPCODES } from '../../schemas/opcodes/catalogue.js';
import { ERROR_CLASSES } from '../../schemas/error-class.js';
import { SETTING_KEYS } from '../../src/config/setting-keys.js';
import { filesUnder, textOf, type OwnFile } from './tree.js';

const ROOT_DOCUMENTS = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'];
const documents: OwnFile[] = [...ROOT_DOCUMENTS.map((path) => ({ path, text: textOf(path) })), ...filesUnder(['docs'], '.md')];

/** A heading as GitHub makes an anchor of it. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-');

const anchorsIn = (text: string) =>
  text
    .split('\n')
    .flatMap((line) => /^#+ (.+)$/.exec(line)?.[1] ?? [])
    .map(anchorOf);

const linksIn = (text: string) =>
  [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target]) => target ?? []).filter((target) => !/^[a-z]+:/.test(target));

function leadsSomewhere(from: string, target: string): boolean {
  const [file = '', anchor] = target.split('#');
  const path = file === '' ? from : normalize(join(dirname(from), file));
  if (!existsSync(path)) return false;
  return anchor === undefined || anchorsIn(textOf(path)).includes(anchor);
}

const foreign = (found: RegExp, known: ReadonlySet<string>) =>
  documents.flatMap(({ path, text }) => [...text.matchAll(found)].filter(([name]) => !known.has(name)).map(([name]) => `${path}: ${name}`));

describe('the documents', () => {
  it.each(documents)('$path has links that lead somewhere', ({ path, text }) => {
    expect(linksIn(text).filter((target) => !leadsSomewhere(path, target))).toEqual([]);
  });

  it.each(documents)('$path names files that exist', ({ path, text }) => {
    const named = [...text.matchAll(/`((?:schemas|src|workers|test|docs)\/[\w./-]*[\w/])`/g)].flatMap(([, name]) => name ?? []);
    expect(named.filter((name) => !existsSync(name)).map((name) => `${path}: ${name}`)).toEqual([]);
  });

  it('name settings that exist', () => {
    const others = ['RAPID_CONFIG', 'RAPID_LAB_DIR'];
    expect(foreign(/\bRAPID_[A-Z_]+[A-Z]\b/g, new Set([...others, ...SETTING_KEYS.map(({ variable }) => variable)]))).toEqual([]);
  });

  it('name opcodes that exist', () => {
    expect(foreign(/\bOP_[A-Z_]+[A-Z]\b/g, new Set(['OP_ID', ...OPCODES.map(({ id }) => id)]))).toEqual([]);
  });

  it('name npm scripts that exist', () => {
    const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };
    expect(foreign(/(?<=npm run (?:--silent )?)[a-z]+/g, new Set(Object.keys(scripts)))).toEqual([]);
  });

  it('tell every setting and every class of error in the README', () => {
    const readme = textOf('README.md');
    expect(SETTING_KEYS.map(({ path }) => path.join('.')).filter((key) => !readme.includes(`\`${key}\``))).toEqual([]);
    expect(ERROR_CLASSES.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
  });
});
