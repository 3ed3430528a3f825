import { describe, expect, it } from 'vitest';
import { detailLines } from './details';

describe('details of the log', () => {
  it.each([
    [{ name: { from: 'a', to: null }, days: 3 }, ['名称：a → 无', '天数：3']],
    [{ depositFen: { from: 9900, to: 9950 } }, ['押金：¥99 → ¥99.5']],
    [{ clear: { count: 3, sumFen: 29700 }, proposalHash: 'f00' }, ['可直接通过：人数：3，合计：¥297']],
    [{ amountFen: 0.5 }, ['金额：0.5']],
    [{}, []],
    [null, []],
    ['edited by hand', ['edited by hand']],
    [[1, 2], ['[1,2]']],
    [{ ids: [1], note: '' }, ['ids：[1]']],
  ])('%j', (details, lines) => {
    expect(detailLines(details)).toEqual(lines);
  });

  it('end somewhere', () => {
    const many = Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`k${at}`, at]));
    expect(detailLines(many)).toHaveLength(9);
    expect(detailLines(many)[8]).toBe('还有 12 项');
  });
});
