/** A camp's days laid out in weeks that begin on Monday. */

import {
  type DayStatus,
  formatClock,
  formatDay,
  formatWeekday,
  parseDate,
  type ProgressDay,
  weekdayOf,
} from '@campkeeper/api';

export interface CalendarCell {
  date: string;
  /** `11/1` on the first cell and on the first of a month, else the day alone. */
  label: string;
  status: DayStatus;
  at: string | null;
  receipt: ProgressDay['receipt'];
}

/** Null pads the first and the last week. */
export type CalendarWeek = (CalendarCell | null)[];

export const WEEK_HEADINGS = ['一', '二', '三', '四', '五', '六', '日'] as const;

const STATUS_TEXTS: Record<DayStatus, string> = {
  checked_in: '已打卡',
  missed: '未打卡',
  open: '今天还没打卡',
  not_synced: '待同步',
  future: '未开始',
};

export function dayStatusText(status: DayStatus): string {
  return STATUS_TEXTS[status];
}

/** One line for a chosen day: `11月5日 周四 · 已打卡 07:32`. */
export function describeDay(day: Pick<ProgressDay, 'date' | 'status' | 'at'>): string {
  const clock = day.at === null ? '' : ` ${formatClock(day.at)}`;
  return `${formatDay(day.date)} ${formatWeekday(day.date)} · ${dayStatusText(day.status)}${clock}`;
}

/** The receipt of a day that counts: `11月20日 已计，第 7 天，以星球 21:04 的打卡为准`. */
export function describeReceipt({ date, at, receipt }: ProgressDay): string {
  if (receipt === null) return '';
  const counted = `${formatDay(date)} 已计，第 ${receipt.nth} 天`;
  switch (receipt.source) {
    case 'post':
      return at === null ? `${counted}，以星球的打卡为准` : `${counted}，以星球 ${formatClock(at)} 的打卡为准`;
    case 'import':
      return `${counted}，以工作人员导入的打卡表为准`;
    case 'attested':
      return `${counted}，由工作人员核对后补认`;
    default:
      return `${counted}，以星球的排行为准`;
  }
}

/** Days come in order and without gaps; those that are no dates are left out. */
export function toWeeks(days: readonly ProgressDay[]): CalendarWeek[] {
  const weeks: CalendarWeek[] = [];
  let week: CalendarWeek = [];
  for (const day of days) {
    const column = columnOf(day.date);
    if (column === null) continue;
    if (weeks.length === 0 && week.length === 0) week = blanks(column);
    week.push({ ...day, label: labelOf(day.date, weeks.length === 0 && isFirst(week)) });
    if (week.length === 7) {
      weeks.push(week);
      week = [];
    }
  }
  if (week.length > 0) weeks.push([...week, ...blanks(7 - week.length)]);
  return weeks;
}

/** Monday is column 0. */
function columnOf(date: string): number | null {
  const weekday = weekdayOf(date);
  return weekday === null ? null : (weekday + 6) % 7;
}

function isFirst(week: CalendarWeek): boolean {
  return week.every((cell) => cell === null);
}

function labelOf(text: string, first: boolean): string {
  const date = parseDate(text);
  if (date === null) return '';
  return first || date.day === 1 ? `${date.month}/${date.day}` : String(date.day);
}

function blanks(count: number): CalendarWeek {
  return Array.from({ length: count }, () => null);
}
