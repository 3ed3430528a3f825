import { describe, expect, it } from 'vitest';
import { formatYuan } from '@campkeeper/api';
import { inFen, parseYuan } from './yuan';

describe('typed amounts', () => {
  it.each([
    ['99', 9900],
    ['99.5', 9950],
    ['0.01', 1],
    ['¥1,299.90', 129_990],
    [' ９９．５ ', 9950],
    ['1.005', null],
    ['-1', null],
    ['1e3', null],
    ['', null],
    ['99元', null],
  ])('%s is %s fen', (text, fen) => {
    expect(parseYuan(text)).toBe(fen);
  });

  it('reads what is shown', () => {
    for (const fen of [1, 10, 199, 9900, 9905, 123_456]) {
      expect(parseYuan(formatYuan(fen))).toBe(fen);
    }
  });
});

describe('amounts of a list', () => {
  it('are asked for in fen, beside the rest', () => {
    expect(inFen({ status: 'failed', minYuan: '99.5', maxYuan: '' })).toEqual({ status: 'failed', minFen: '9950' });
    expect(inFen({ page: '2' })).toEqual({ page: '2' });
  });

  it('are no list where one is no amount', () => {
    expect(inFen({ minYuan: '很多' })).toBeNull();
    expect(inFen({ minYuan: '1', maxYuan: '1.005' })).toBeNull();
  });
});
