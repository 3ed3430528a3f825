/** Spans of days that reports are asked for by name. Days are those of Shanghai. */

export interface DayRange {
  from: string;
  to: string;
}

/** The month of a day, or one so many months before it. */
export function monthOf(day: string, monthsBefore = 0): DayRange {
  const [year, month] = day.split('-').map(Number) as [number, number];
  const first = new Date(Date.UTC(year, month - 1 - monthsBefore, 1));
  const last = new Date(Date.UTC(year, month - monthsBefore, 0));
  return { from: first.toISOString().slice(0, 10), to: last.toISOString().slice(0, 10) };
}

export type RangeName = 'this' | 'last' | 'custom' | 'all';

/** Which of the named spans it is. */
export function nameOf(range: Partial<DayRange>, today: string): RangeName {
  const isOf = (other: DayRange) => range.from === other.from && range.to === other.to;
  if ((range.from ?? '') === '' && (range.to ?? '') === '') return 'all';
  if (isOf(monthOf(today))) return 'this';
  return isOf(monthOf(today, 1)) ? 'last' : 'custom';
}
