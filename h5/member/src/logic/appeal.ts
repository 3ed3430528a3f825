/** What a member may object to, and what became of it. */

import { formatDay, type AppealKind, type Progress } from '@campkeeper/api';
import type { Tone } from './camp-texts';

/** What the server takes. */
export const MAX_TEXT_CHARS = 500;
export const MAX_PICTURES = 3;
export const MAX_PICTURE_BYTES = 2 * 1024 * 1024;

export interface Objectable {
  kind: AppealKind;
  day: string | null;
  /** Until when; null for a day, which stays open while the camp runs. */
  until: string | null;
}

/** The verdict or the rejection that may be objected to now; null if there is none. */
export function objectable(progress: Progress): Objectable | null {
  if (progress.next.what !== 'object') return null;
  const kind: AppealKind = progress.refund?.status === 'rejected' ? 'rejection' : 'verdict';
  if (wasAnswered(progress, kind)) return null;
  return { kind, day: null, until: progress.next.until };
}

/** Days that are synced and missed can be objected to while the camp runs, one at a time, each once. */
export function mayObjectToDay(progress: Progress, date: string): boolean {
  const day = progress.days.find((day) => day.date === date);
  if (day?.status !== 'missed' || progress.status !== 'ongoing') return false;
  const { appeal } = progress;
  return appeal?.status !== 'open' && !(appeal?.kind === 'day' && appeal.day === date);
}

/** An answer is one to the decision before it: a later rejection can be objected to anew. */
function wasAnswered({ appeal, refund }: Progress, kind: AppealKind): boolean {
  if (appeal === null || appeal.kind !== kind || appeal.status === 'open') return false;
  if (kind !== 'rejection' || refund?.decidedAt == null) return true;
  return Date.parse(appeal.at) >= Date.parse(refund.decidedAt);
}

/** `11月5日的打卡` */
export function subjectOf({ kind, day }: { kind: string; day: string | null }): string {
  if (kind === 'day' && day !== null) return `${formatDay(day)}的打卡`;
  return kind === 'rejection' ? '退款未通过' : '打卡天数的判定';
}

export function appealTag(status: string): { text: string; tone: Tone } {
  switch (status) {
    case 'accepted':
      return { text: '已采纳', tone: 'good' };
    case 'refused':
      return { text: '未采纳', tone: 'quiet' };
    default:
      return { text: '等待答复', tone: 'active' };
  }
}
