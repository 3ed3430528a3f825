import { describe, expect, it } from 'vitest';
import {
  daysUntil,
  formatClock,
  formatCountdown,
  formatDay,
  formatMoment,
  formatRange,
  formatWeekday,
  parseDate,
  weekdayOf,
} from './dates';

describe('dates', () => {
  it.each(['2026-02-29', '2026-13-01', '2026-1-5', '', 'tomorrow', '2026-11-05T00:00'])(
    '%s is no date',
    (text) => {
      expect(parseDate(text)).toBeNull();
      expect(weekdayOf(text)).toBeNull();
      expect(formatDay(text)).toBe(text);
    },
  );

  it('reads leap days', () => {
    expect(parseDate('2028-02-29')).toEqual({ year: 2028, month: 2, day: 29 });
  });

  it('names days and weekdays', () => {
    expect(formatDay('2026-11-05')).toBe('11月5日');
    expect(formatWeekday('2026-11-05')).toBe('周四');
    expect(formatWeekday('2026-11-08')).toBe('周日');
  });

  it('shows years only where they differ', () => {
    expect(formatRange('2026-11-05', '2026-11-14')).toBe('11月5日 – 11月14日');
    expect(formatRange('2026-12-25', '2027-01-03')).toBe('2026年12月25日 – 2027年1月3日');
  });
});

describe('moments', () => {
  it.each([
    ['2026-11-05T07:32:10+08:00', '11月5日 07:32', '07:32'],
    ['2026-11-04T23:32:10Z', '11月5日 07:32', '07:32'],
    ['2026-12-31T16:00:00Z', '1月1日 00:00', '00:00'],
    ['not a time', '', ''],
  ])('%s in Shanghai', (text, moment, clock) => {
    expect(formatMoment(text)).toBe(moment);
    expect(formatClock(text)).toBe(clock);
  });
});

describe('deadlines', () => {
  const now = Date.parse('2026-11-20T12:00:00+08:00');

  it.each([
    ['2026-11-27T12:00:00+08:00', 7],
    ['2026-11-27T12:00:01+08:00', 8],
    ['2026-11-20T12:05:00+08:00', 1],
    ['2026-11-20T12:00:00+08:00', 0],
    ['2026-11-01T12:00:00+08:00', 0],
    ['?', 0],
  ])('%s is %i days away', (deadline, days) => {
    expect(daysUntil(deadline, now)).toBe(days);
  });

  it.each([
    ['2026-11-20T12:30:00+08:00', '30:00'],
    ['2026-11-20T12:00:09+08:00', '0:09'],
    ['2026-11-20T11:59:00+08:00', '0:00'],
    ['?', '0:00'],
  ])('%s counts down as %s', (deadline, text) => {
    expect(formatCountdown(deadline, now)).toBe(text);
  });
});
