import TABLE from '../../../../docs/prd-coverage.md?raw';
import ROUTER from '../router.ts?raw';
import { describe, expect, it } from 'vitest';

const SOURCES = import.meta.glob<string>('../**/*.{vue,ts}', { query: '?raw', import: 'default', eager: true });

/** The rows of the table: kind, item, route, file, words. */
const ROWS = TABLE.split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| kind'))
  .map((line) => line.slice(2, -2).split(' | '));
const THERE = ROWS.filter((row) => row[4]?.startsWith('`'));
const MISSING = ROWS.filter((row) => row[4]?.startsWith('缺：'));

describe('the coverage of the product paper', () => {
  it('is a table of five cells', () => {
    expect(ROWS.filter((row) => row.length !== 5)).toEqual([]);
    expect(THERE.length).toBeGreaterThan(100);
    expect(THERE.length + MISSING.length).toBe(ROWS.length);
  });

  it.each(THERE)('%s %s is at %s', (_kind, _item, route, file, words) => {
    expect(ROUTER).toContain(`name: '${route}'`);
    // The neighbours of this file are found without the way round.
    const source = SOURCES[`../${file}`] ?? SOURCES[`./${file.replace('logic/', '')}`];
    expect(source).toContain(words.slice(1, -1));
  });
});
