/** Members whose days do not suffice, the nearest miss first. */

import type { Schemas } from '@campkeeper/api';

type Days = Pick<Schemas.MemberDaysView, 'memberId' | 'checkedInDays' | 'requiredDays' | 'graceDays'>;
type Member = Pick<Schemas.MemberView, 'id' | 'eligible' | 'refundStatus'>;

/** Statuses of a refund that stands in nobody's way of proposing another one. */
const FREE = ['rejected'];

/** The members with their days. Of whom no days are known here stands behind the others. */
export function nearestMisses<Row extends Member>(members: readonly Row[], days: readonly Days[]) {
  const known = new Map(days.map((row) => [row.memberId, row]));
  return members
    .filter(({ eligible }) => !eligible)
    .map((member) => {
      const own = known.get(member.id);
      return {
        ...member,
        days: own ?? null,
        missing: own === undefined ? null : own.requiredDays - own.graceDays - own.checkedInDays,
        mayPropose: member.refundStatus == null || FREE.includes(member.refundStatus),
      };
    })
    .sort((one, other) => (one.missing ?? Infinity) - (other.missing ?? Infinity));
}
