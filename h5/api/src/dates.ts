/**
 * Dates and times as members read them, always in Asia/Shanghai (UTC+8, no summer time),
 * whatever the phone is set to. No function here asks what time it is.
 */

const SHANGHAI_OFFSET_MS = 8 * 60 * 60 * 1000;
const DAY_MS = 24 * 60 * 60 * 1000;
const WEEKDAYS = ['日', '一', '二', '三', '四', '五', '六'] as const;

export interface CalendarDate {
  year: number;
  month: number;
  day: number;
}

/** Reads `YYYY-MM-DD`; null for anything else, dates that do not exist included. */
export function parseDate(text: string): CalendarDate | null {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (match === null) return null;
  const date = { year: Number(match[1]), month: Number(match[2]), day: Number(match[3]) };
  const back = new Date(Date.UTC(date.year, date.month - 1, date.day));
  return back.getUTCMonth() + 1 === date.month && back.getUTCDate() === date.day ? date : null;
}

/** `2026-11-05` → `11月5日`; the text itself if it is no date. */
export function formatDay(text: string): string {
  const date = parseDate(text);
  return date === null ? text : `${date.month}月${date.day}日`;
}

/** `11月5日 – 11月14日`; with years where the two differ. */
export function formatRange(start: string, end: string): string {
  const first = parseDate(start);
  const last = parseDate(end);
  if (first === null || last === null || first.year === last.year) {
    return `${formatDay(start)} – ${formatDay(end)}`;
  }
  return `${first.year}年${formatDay(start)} – ${last.year}年${formatDay(end)}`;
}

/** 0 = Sunday … 6 = Saturday; null if the text is no date. */
export function weekdayOf(text: string): number | null {
  const date = parseDate(text);
  return date === null ? null : new Date(Date.UTC(date.year, date.month - 1, date.day)).getUTCDay();
}

/** `周四`, or nothing if the text is no date. */
export function formatWeekday(text: string): string {
  const weekday = weekdayOf(text);
  return weekday === null ? '' : `周${WEEKDAYS[weekday] ?? ''}`;
}

/** RFC 3339 → `11月5日 07:32` in Shanghai; an empty text if it cannot be read. */
export function formatMoment(rfc3339: string): string {
  const parts = shanghaiParts(rfc3339);
  return parts === null ? '' : `${parts.month}月${parts.day}日 ${parts.clock}`;
}

/** RFC 3339 → `07:32` in Shanghai; an empty text if it cannot be read. */
export function formatClock(rfc3339: string): string {
  return shanghaiParts(rfc3339)?.clock ?? '';
}

/** Whole days left, rounded up: a deadline in five minutes is still “1 day”. */
export function daysUntil(rfc3339: string, nowMs: number): number {
  const at = Date.parse(rfc3339);
  if (Number.isNaN(at)) return 0;
  return Math.max(0, Math.ceil((at - nowMs) / DAY_MS));
}

/** `12:05` minutes and seconds until the moment, `0:00` once it has passed. */
export function formatCountdown(rfc3339: string, nowMs: number): string {
  const at = Date.parse(rfc3339);
  const seconds = Number.isNaN(at) ? 0 : Math.max(0, Math.floor((at - nowMs) / 1000));
  return `${Math.floor(seconds / 60)}:${pad(seconds % 60)}`;
}

function shanghaiParts(rfc3339: string): (CalendarDate & { clock: string }) | null {
  const at = Date.parse(rfc3339);
  if (Number.isNaN(at)) return null;
  const local = new Date(at + SHANGHAI_OFFSET_MS);
  return {
    year: local.getUTCFullYear(),
    month: local.getUTCMonth() + 1,
    day: local.getUTCDate(),
    clock: `${pad(local.getUTCHours())}:${pad(local.getUTCMinutes())}`,
  };
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}
