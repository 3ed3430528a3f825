import type { OwnOrder } from '@campkeeper/api';
import { describe, expect, it } from 'vitest';
import { orderSummary } from './order-texts';

const order: OwnOrder = {
  orderNo: 'ord_1',
  campId: 1,
  memberId: 7,
  status: 'paid',
  bindStatus: 'completed',
  accessToken: 'tk_1',
};

describe('orderSummary', () => {
  it.each<[Partial<OwnOrder>, string, 'pay' | 'bind' | null]>([
    [{ status: 'created', memberId: null, bindStatus: 'pending' }, '待支付', 'pay'],
    [{ memberId: null, bindStatus: 'pending' }, '核对中', null],
    [{ status: 'refunding', memberId: null, bindStatus: 'pending' }, '退款中', null],
    [{ status: 'refunded', memberId: null, bindStatus: 'pending' }, '已退款', null],
    [{ bindStatus: 'pending' }, '待绑定', 'bind'],
    [{ bindStatus: 'expired' }, '匹配中', null],
    [{ bindStatus: 'manual_required' }, '匹配中', null],
    [{}, '已报名', null],
  ])('%o', (change, tag, next) => {
    const summary = orderSummary({ ...order, ...change }, null);
    expect(summary.tag.text).toBe(tag);
    expect(summary.next).toBe(next);
  });
});
