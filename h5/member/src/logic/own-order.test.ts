import type { OwnOrder, ProgressRefund } from '@campkeeper/api';
import { describe, expect, it } from 'vitest';
import { isUnderReview, ownOrderOf, placeIn } from './own-order';

const rejected: ProgressRefund = {
  status: 'rejected',
  amountFen: 9900,
  listedAt: null,
  decidedAt: null,
  sentAt: null,
  refundedAt: null,
  wechatRefundId: null,
  reason: null,
};

const place: OwnOrder = {
  orderNo: 'ord_place',
  campId: 1,
  memberId: 7,
  status: 'paid',
  bindStatus: 'completed',
  expiresAt: '2026-11-05T08:30:00+08:00',
  refund: null,
  accessToken: 'tk_1',
};
const second: OwnOrder = {
  ...place,
  orderNo: 'ord_second',
  memberId: null,
  bindStatus: 'pending',
  accessToken: null,
};
const refused: OwnOrder = { ...second, orderNo: 'ord_refused', refund: rejected };
const unpaid: OwnOrder = { ...second, orderNo: 'ord_unpaid', status: 'created' };
const closed: OwnOrder = { ...second, orderNo: 'ord_closed', status: 'closed' };
const refunded: OwnOrder = { ...place, orderNo: 'ord_refunded', status: 'refunded' };

describe('isUnderReview', () => {
  it('ends with the word of people', () => {
    expect(isUnderReview(second)).toBe(true);
    expect(isUnderReview({ ...second, refund: { ...rejected, status: 'pending' } })).toBe(true);
    expect(isUnderReview(refused)).toBe(false);
    expect(isUnderReview(place)).toBe(false);
  });
});

describe('ownOrderOf', () => {
  it.each<[string, OwnOrder[], string | null]>([
    ['the place before a second payment', [second, place], 'ord_place'],
    ['a payment in doubt before an unpaid order', [unpaid, second], 'ord_second'],
    ['an unpaid order beside what was refused', [refused, unpaid], 'ord_unpaid'],
    ['nothing, once all is over', [refused, closed, refunded], null],
    ['nothing of another camp', [{ ...place, campId: 2 }], null],
  ])('%s', (_name, orders, expected) => {
    expect(ownOrderOf(1, orders)?.orderNo ?? null).toBe(expected);
  });
});

describe('placeIn', () => {
  it('remembers those whose deposit has gone back, and counts no payment in doubt', () => {
    expect(placeIn(1, [second, refunded])?.orderNo).toBe('ord_refunded');
    expect(placeIn(1, [second, unpaid])).toBeNull();
  });
});
