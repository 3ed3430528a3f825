import { describe, expect, it } from 'vitest';
import { daysText, isClear, moment, percent, personName, spanDays, today, untilText, yuan } from './shown';
import { AUDIT_ACTION } from './log-words';
import { operatorText, reasonText, REFUND_STATUS, shown, textOf } from './words';

const NOW = Date.parse('2026-11-30T12:00:00+08:00');

describe('rows in words', () => {
  it('shows amounts and their absence', () => {
    expect([yuan(9950), yuan(0), yuan(null), yuan(undefined)]).toEqual(['¥99.5', '¥0', '—', '—']);
  });

  it('names the year only where it is another one', () => {
    expect(moment('2026-11-05T07:32:00+08:00', NOW)).toBe('11月5日 07:32');
    expect(moment('2025-12-31T16:30:00Z', NOW)).toBe('1月1日 00:30');
    expect(moment('2025-12-31T15:30:00Z', NOW)).toBe('2025年12月31日 23:30');
    expect([moment(null), moment('?')]).toEqual(['—', '—']);
  });

  it('shows rates', () => {
    expect([percent(0), percent(0.5), percent(0.8333), percent(1)]).toEqual(['0%', '50%', '83.3%', '100%']);
  });

  it('has a name for everybody', () => {
    expect(personName({ planetNickname: ' ', wechatNickname: '小满' })).toBe('小满');
    expect(personName({ planetNickname: null, wechatNickname: '' })).toBe('未留名');
  });

  it.each([
    [8, 7, 1, '8/7天'],
    [6, 7, 1, '6+宽限1/7天'],
    [5, 7, 1, '5/7天'],
    [5, null, null, '—'],
  ])('%s of %s days with grace %s', (checkedInDays, requiredDays, graceDays, text) => {
    expect(daysText({ checkedInDays, requiredDays, graceDays, flags: [] })).toBe(text);
  });
});

describe('what may go with one click', () => {
  const clear = { flags: [], kind: 'deposit', status: 'pending', confidence: 100, eligible: true };

  it('has nothing to look at', () => {
    expect(isClear(clear)).toBe(true);
  });

  it.each([
    { flags: ['grace'] },
    { kind: 'manual' },
    { status: 'approved' },
    { confidence: 79 },
    { eligible: false },
  ])('is not this: %j', (change) => {
    expect(isClear({ ...clear, ...change })).toBe(false);
  });
});

describe('days', () => {
  it.each([
    ['2026-12-03T12:00:00+08:00', '还有 3 天'],
    ['2026-11-30T17:10:00+08:00', '还有 5 小时'],
    ['2026-11-30T12:01:00+08:00', '还有 1 小时'],
    ['2026-11-28T11:00:00+08:00', '逾期 2 天'],
    ['?', '—'],
  ])('%s: %s', (until, text) => {
    expect(untilText(until, NOW)).toBe(text);
  });

  it('are those of Shanghai', () => {
    expect(today(Date.parse('2026-11-29T16:00:00Z'))).toBe('2026-11-30');
  });

  it.each([
    ['2026-11-01', '2026-11-01', 1],
    ['2026-02-27', '2026-03-01', 3],
    ['2026-11-02', '2026-11-01', null],
    ['2026-11-31', '2026-12-01', null],
  ])('from %s to %s: %s', (first, last, days) => {
    expect(spanDays(first, last)).toBe(days);
  });
});

describe('words', () => {
  it('shows what it does not know as it came', () => {
    expect(shown(REFUND_STATUS, 'new_state')).toEqual({ text: 'new_state', tone: 'info' });
    expect(textOf(REFUND_STATUS, 'constructor')).toBe('constructor');
    expect(textOf(AUDIT_ACTION, null)).toBe('—');
  });

  it('leaves what a person wrote', () => {
    expect([reasonText('try 2'), reasonText('approved'), reasonText('not enough days')]).toEqual([
      '第 2 次',
      '—',
      'not enough days',
    ]);
  });

  it('names who acted', () => {
    expect([operatorText('林越'), operatorText('run-refunds'), operatorText('wechat_pay')]).toEqual([
      '林越',
      '发出退款',
      '微信支付',
    ]);
  });
});
