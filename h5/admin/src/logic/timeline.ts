/** What happened to a member, from several lists, as one. */

import type { Schemas } from '@campkeeper/api';
import { yuan } from './shown';
import { BIND_STATUS, DAYS_SOURCE, MATCH_STATUS, operatorText, REFUND_KIND, REFUND_STATUS, textOf } from './words';

export interface Happening {
  /** RFC 3339, or a day where only that is known. */
  at: string;
  what: string;
  text: string;
  by: string;
}

interface Sources {
  member: Pick<Schemas.MemberDetail, 'paidAt' | 'paidFen' | 'orderNo' | 'history'>;
  checkIns: readonly Pick<Schemas.CheckInView, 'date' | 'at' | 'summary' | 'source'>[];
  refunds: readonly Pick<
    Schemas.RefundView,
    'kind' | 'status' | 'amountFen' | 'createdAt' | 'decidedAt' | 'decidedBy' | 'refundedAt' | 'reason'
  >[];
}

/** The newest first. */
export function timelineOf({ member, checkIns, refunds }: Sources): Happening[] {
  const all: Happening[] = [
    ...(member.paidAt == null
      ? []
      : [{ at: member.paidAt, what: '付款', text: `${yuan(member.paidFen)}，订单 ${member.orderNo}`, by: '' }]),
    ...member.history.map((event) => ({
      at: event.at,
      what: event.what === 'match' ? '匹配' : '绑定',
      text: moveText(event),
      by: [operatorText(event.by), event.reason].filter((text) => text !== '').join('，'),
    })),
    ...checkIns.map((row) => ({
      at: row.at ?? row.date,
      what: '打卡',
      text: row.summary ?? '',
      by: row.source === 'post' ? '' : textOf(DAYS_SOURCE, row.source),
    })),
    ...refunds.flatMap(refundHappenings),
  ];
  return all.sort((one, other) => momentOf(other.at) - momentOf(one.at));
}

function refundHappenings(row: Sources['refunds'][number]): Happening[] {
  const kind = textOf(REFUND_KIND, row.kind);
  const happenings = [
    { at: row.createdAt, what: '退款', text: `提议退${kind} ${yuan(row.amountFen)}`, by: row.reason },
  ];
  if (row.decidedAt != null) {
    const isRefused = row.status === 'rejected';
    const text = isRefused ? textOf(REFUND_STATUS, row.status) : '已通过';
    happenings.push({ at: row.decidedAt, what: '审核', text, by: row.decidedBy ?? '' });
  }
  if (row.refundedAt != null) {
    happenings.push({ at: row.refundedAt, what: '到账', text: yuan(row.amountFen), by: '微信支付' });
  }
  return happenings;
}

function moveText(event: Schemas.EventView): string {
  const words = event.what === 'match' ? MATCH_STATUS : BIND_STATUS;
  const to = textOf(words, event.to);
  return event.from == null ? to : `${textOf(words, event.from)} → ${to}`;
}

/** A day alone is its end, in Shanghai: what is timed on it came before. */
function momentOf(at: string): number {
  return Date.parse(at.length === 10 ? `${at}T23:59:59+08:00` : at);
}
