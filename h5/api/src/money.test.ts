import { describe, expect, it } from 'vitest';
import { formatYuan } from './money';

describe('formatYuan', () => {
  it.each([
    [0, '0'],
    [1, '0.01'],
    [10, '0.1'],
    [100, '1'],
    [9900, '99'],
    [9950, '99.5'],
    [9905, '99.05'],
    [123456789, '1234567.89'],
    [-9950, '-99.5'],
  ])('%i fen is %s yuan', (fen, yuan) => {
    expect(formatYuan(fen)).toBe(yuan);
  });

  it('refuses what is no whole number of fen', () => {
    expect(() => formatYuan(99.5)).toThrow(RangeError);
    expect(() => formatYuan(Number.NaN)).toThrow(RangeError);
  });
});
