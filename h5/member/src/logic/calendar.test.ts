import type { ProgressDay } from '@campkeeper/api';
import { describe, expect, it } from 'vitest';
import { describeDay, describeReceipt, toWeeks } from './calendar';

function days(...dates: string[]): ProgressDay[] {
  return dates.map((date) => ({ date, status: 'future', at: null, receipt: null }));
}

const labels = (given: ProgressDay[]): (string | null)[][] =>
  toWeeks(given).map((week) => week.map((cell) => cell?.label ?? null));

describe('toWeeks', () => {
  it('begins weeks on Monday and pads both ends', () => {
    // 2026-11-28 is a Saturday.
    expect(labels(days('2026-11-28', '2026-11-29', '2026-11-30', '2026-12-01'))).toEqual([
      [null, null, null, null, null, '11/28', '29'],
      ['30', '12/1', null, null, null, null, null],
    ]);
  });

  it('keeps a full week full', () => {
    const week = days(
      '2026-11-23',
      '2026-11-24',
      '2026-11-25',
      '2026-11-26',
      '2026-11-27',
      '2026-11-28',
      '2026-11-29',
    );
    expect(labels(week)).toEqual([['11/23', '24', '25', '26', '27', '28', '29']]);
  });

  it('has no weeks without days and drops what is no date', () => {
    expect(toWeeks([])).toEqual([]);
    expect(toWeeks(days('soon'))).toEqual([]);
  });

  it('carries state and time along', () => {
    const at = '2026-11-23T07:32:00+08:00';
    const [week] = toWeeks([{ date: '2026-11-23', status: 'checked_in', at, receipt: null }]);
    expect(week?.[0]).toEqual({ date: '2026-11-23', label: '11/23', status: 'checked_in', at, receipt: null });
  });
});

describe('describeDay', () => {
  it.each<[Parameters<typeof describeDay>[0], string]>([
    [
      { date: '2026-11-05', status: 'checked_in', at: '2026-11-05T07:32:00+08:00' },
      '11月5日 周四 · 已打卡 07:32',
    ],
    [{ date: '2026-11-05', status: 'missed', at: null }, '11月5日 周四 · 未打卡'],
    [{ date: '2026-11-05', status: 'open', at: null }, '11月5日 周四 · 今天还没打卡'],
    [{ date: '2026-11-05', status: 'not_synced', at: null }, '11月5日 周四 · 待同步'],
    [{ date: '2026-11-05', status: 'future', at: null }, '11月5日 周四 · 未开始'],
  ])('%o', (day, text) => {
    expect(describeDay(day)).toBe(text);
  });
});

describe('describeReceipt', () => {
  const day = (source: string, at: string | null): ProgressDay => ({
    date: '2026-11-20',
    status: 'checked_in',
    at,
    receipt: { countedAt: '2026-11-21T01:00:00+08:00', nth: 7, source },
  });

  it('says that the day counts, as which, and by whose word', () => {
    expect(describeReceipt(day('post', '2026-11-20T21:04:00+08:00'))).toBe(
      '11月20日 已计，第 7 天，以星球 21:04 的打卡为准',
    );
    expect(describeReceipt(day('attested', null))).toContain('补认');
    expect(describeReceipt({ ...day('post', null), receipt: null })).toBe('');
  });
});
