/** Order and choice of the calendar's rows, as they stand in the address. */

export interface CalendarRow {
  name: string;
  planetUserId?: string | null;
  checkedInDays: number;
  requiredDays: number;
  eligible: boolean;
}

export const ORDERS = [
  { value: 'paid', label: '按报名先后' },
  { value: 'missing', label: '差得最少的在前' },
  { value: 'days', label: '打卡多的在前' },
  { value: 'name', label: '按昵称' },
] as const;

const missing = (row: CalendarRow): number => row.requiredDays - row.checkedInDays;

/** Those that a name or an id means, and only those without enough days if so chosen, in order. */
export function arranged<Row extends CalendarRow>(
  rows: readonly Row[],
  { order, text, isShort }: { order: string; text: string; isShort: boolean },
): Row[] {
  const sought = text.trim().toLowerCase();
  const kept = rows.filter(
    (row) =>
      (!isShort || !row.eligible) &&
      (sought === '' || row.name.toLowerCase().includes(sought) || row.planetUserId === sought),
  );
  if (order === 'missing') return kept.sort((one, other) => missing(one) - missing(other));
  if (order === 'days') return kept.sort((one, other) => other.checkedInDays - one.checkedInDays);
  if (order === 'name') return kept.sort((one, other) => one.name.localeCompare(other.name, 'zh'));
  return kept;
}
