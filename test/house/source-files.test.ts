// House rules for source files that a machine can check. What a linter can check is in .oxlintrc.json.
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sourceFiles, type OwnFile } from './tree.js';

const MOST_LINES = 400;
const FORBIDDEN_NAMES = new Set(['common', 'helper', 'helpers', 'index', 'misc', 'types', 'util', 'utils']);

const files = sourceFiles();
const pathsWhere = (broken: (file: OwnFile) => boolean) => files.filter(broken).map(({ path }) => path);
const placesOf = (pattern: RegExp, allowed: (lines: string[], index: number) => boolean = () => false) =>
  files.flatMap(({ path, text }) => {
    const lines = text.split('\n');
    return lines.flatMap((line, index) => (pattern.test(line) && !allowed(lines, index) ? [`${path}:${index + 1}`] : []));
  });

describe('a source file', () => {
  it('has been found', () => {
    expect(files.length).toBeGreaterThan(100);
  });

  it(`has at most ${MOST_LINES} lines`, () => {
    expect(pathsWhere(({ text }) => text.split('\n').length > MOST_LINES + 1)).toEqual([]);
  });

  it('is named by the one thing inside', () => {
    const names = (path: string) => path.split('/').map((name) => basename(name, '.ts'));
    expect(pathsWhere(({ path }) => names(path).some((name) => FORBIDDEN_NAMES.has(name)))).toEqual([]);
  });

  it('is named in small letters, with dashes', () => {
    expect(pathsWhere(({ path }) => !/^([a-z0-9]+([-.][a-z0-9]+)*\/)*[a-z0-9]+([-.][a-z0-9]+)*$/.test(path))).toEqual([]);
  });

  it('says in its first lines what it is for', () => {
    expect(pathsWhere(({ text }) => !/^(#!.*\n)?(\/\/ |\/\*\* ?)\S/.test(text))).toEqual([]);
  });

  it('leaves nothing for later in a comment', () => {
    expect(placesOf(/\b(TOD[O]|FIXM[E]|XX[X])\b/)).toEqual([]);
  });

  it('switches no rule off without a reason', () => {
    const switches = ['oxlint-disable', 'eslint-disable', 'biome-ignore', '@ts-expect-error', '@ts-ignore', '@ts-nocheck'];
    const inComment = new RegExp(`^\\s*(//|/\\*).*(${switches.join('|')})`);
    const hasReason = (lines: string[], index: number) =>
      / -- \S/.test(lines[index] ?? '') || /^\s*\/\/ |\*\/$/.test(lines[index - 1] ?? '');
    expect(placesOf(inComment, hasReason)).toEqual([]);
  });
});

describe('a test', () => {
  it('is never the only one', () => {
    expect(placesOf(/\b(it|test|describe)(\.\w+)*\.only\b/)).toEqual([]);
  });

  it('has no bound in the time of a quiet machine: the run scales them, or patience() does', () => {
    const bounds = [
      /[{,] timeout: [\d_]{4,}/,
      /^\s*\}, [\d_]{4,}\);/,
      /AbortSignal\.timeout\([\d_]{4,}\)/,
      /\.(waitFor|waitForEnd|waitUntil|cancel)\(.*, [\d_]{4,}\)/,
    ];
    const isMade = ({ path }: OwnFile) => path.startsWith('test/') && !path.startsWith('test/bench/') && !path.startsWith('test/lab/');
    const inTests = new Set(pathsWhere(isMade));
    const places = bounds.flatMap((bound) => placesOf(bound)).filter((place) => inTests.has(place.replace(/:\d+$/, '')));
    expect(places).toEqual([]);
  });

  it('is skipped only with a reason: in the title, or in a comment on the line above', () => {
    const hasReason = (lines: string[], index: number) =>
      /skip\(`[^`]*\$\{\w*(missing|reason)\w*\}/.test(lines[index] ?? '') || /^\s*(\/\/|\*)/.test(lines[index - 1] ?? '');
    expect(placesOf(/\b(it|test|describe)(\.\w+)*\.(skip|skipIf|runIf|todo)\(/, hasReason)).toEqual([]);
  });
});
