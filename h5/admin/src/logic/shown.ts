/** How rows are put into words. */

import { formatMoment, formatYuan, parseDate, type Schemas } from '@campkeeper/api';

const DASH = '—';

export function yuan(fen: number | null | undefined): string {
  return fen == null ? DASH : `¥${formatYuan(fen)}`;
}

/** RFC 3339 → `11月5日 07:32`, with the year where it is not the present one. */
export function moment(text: string | null | undefined, nowMs: number = Date.now()): string {
  if (text == null) return DASH;
  const shown = formatMoment(text);
  if (shown === '') return DASH;
  const year = shanghaiYear(Date.parse(text));
  return year === shanghaiYear(nowMs) ? shown : `${year}年${shown}`;
}

export function percent(rate: number): string {
  return `${(rate * 100).toFixed(1).replace(/\.0$/, '')}%`;
}

/** The name that staff read; both names where they differ is the caller's. */
export function personName(row: { planetNickname?: string | null; wechatNickname?: string | null }) {
  const planet = row.planetNickname?.trim() ?? '';
  const wechat = row.wechatNickname?.trim() ?? '';
  return planet !== '' ? planet : wechat !== '' ? wechat : '未留名';
}

type Days = Pick<Schemas.RefundView, 'checkedInDays' | 'graceDays' | 'requiredDays' | 'flags'>;

/** `8/7天`, or `6+宽限1/7天` where the grace was needed. */
export function daysText(row: Days): string {
  if (row.requiredDays == null) return DASH;
  const missing = row.requiredDays - row.checkedInDays;
  const needsGrace = missing > 0 && missing <= (row.graceDays ?? 0);
  const grace = needsGrace ? `+宽限${missing}` : '';
  return `${row.checkedInDays}${grace}/${row.requiredDays}天`;
}

/** Whether days and identity have decided: a payment that something was wrong with has neither. */
export function restsOnDays(row: Pick<Schemas.RefundView, 'kind' | 'requiredDays'>): boolean {
  return row.requiredDays != null && (row.kind === 'deposit' || row.kind === 'manual');
}

/** Whether a proposal may go with one click: nothing about it asks for a look. */
export function isClear(row: Pick<Schemas.RefundView, 'flags' | 'kind' | 'status' | 'confidence' | 'eligible'>) {
  return (
    row.status === 'pending' &&
    row.kind === 'deposit' &&
    row.eligible &&
    row.flags.length === 0 &&
    row.confidence >= CLEAR_CONFIDENCE
  );
}

/** `domain::refund::CLEAR_CONFIDENCE`. */
export const CLEAR_CONFIDENCE = 80;

/** `还有 3 天`, `还有 5 小时`, `逾期 2 天`. */
export function untilText(until: string, nowMs: number): string {
  const away = Date.parse(until) - nowMs;
  if (Number.isNaN(away)) return DASH;
  const hours = Math.floor(Math.abs(away) / 3_600_000);
  const span = hours >= 24 ? `${Math.floor(hours / 24)} 天` : `${Math.max(1, hours)} 小时`;
  return away < 0 ? `逾期 ${span}` : `还有 ${span}`;
}

/** Today in Shanghai, as `YYYY-MM-DD`. */
export function today(nowMs: number): string {
  return new Date(nowMs + SHANGHAI_MS).toISOString().slice(0, 10);
}

/** Days from the first to the last, both counted; null unless both are dates in this order. */
export function spanDays(first: string, last: string): number | null {
  if (parseDate(first) === null || parseDate(last) === null || first > last) return null;
  return Math.round((Date.parse(last) - Date.parse(first)) / DAY_MS) + 1;
}

const SHANGHAI_MS = 8 * 3_600_000;
const DAY_MS = 24 * 3_600_000;

function shanghaiYear(atMs: number): number {
  return new Date(atMs + SHANGHAI_MS).getUTCFullYear();
}
