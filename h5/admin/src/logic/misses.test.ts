import { describe, expect, it } from 'vitest';
import { nearestMisses } from './misses';

const days = (memberId: number, checkedInDays: number) => ({ memberId, checkedInDays, requiredDays: 7, graceDays: 1 });

describe('members whose days do not suffice', () => {
  it('stand in the order of what they lack, whoever is not known last', () => {
    const members = [
      { id: 1, eligible: false, refundStatus: null },
      { id: 2, eligible: true, refundStatus: 'pending' },
      { id: 3, eligible: false, refundStatus: 'rejected' },
      { id: 4, eligible: false, refundStatus: 'pending' },
    ];
    const rows = nearestMisses(members, [days(1, 2), days(3, 5)]);
    expect(rows.map(({ id, missing }) => [id, missing])).toEqual([[3, 1], [1, 4], [4, null]]);
    expect(rows.map(({ mayPropose }) => mayPropose)).toEqual([true, true, false]);
  });
});
