import type { OwnOrder, Progress, ProgressRefund, RefundStatus } from '@campkeeper/api';
import { describe, expect, it } from 'vitest';
import { orderSummary } from './order-texts';

const order: OwnOrder = {
  orderNo: 'ord_1',
  campId: 1,
  memberId: 7,
  status: 'paid',
  bindStatus: 'completed',
  expiresAt: '2026-11-05T08:30:00+08:00',
  refund: null,
  accessToken: 'tk_1',
};

const refund = (status: RefundStatus, reason: string | null = null): ProgressRefund => ({
  status,
  amountFen: 9900,
  listedAt: null,
  decidedAt: null,
  sentAt: null,
  refundedAt: null,
  wechatRefundId: null,
  reason,
});

describe('orderSummary', () => {
  it.each<[Partial<OwnOrder>, string, 'pay' | 'renew' | 'bind' | null]>([
    [{ status: 'created', memberId: null, expiresAt: '2026-11-05T08:00:00+08:00' }, '已过期', 'renew'],
    [{ accessToken: null }, '已结束', null],
    [{ status: 'created', memberId: null, bindStatus: 'pending' }, '待支付', 'pay'],
    [{ memberId: null, bindStatus: 'pending' }, '核对中', null],
    [{ memberId: null, refund: refund('pending') }, '核对中', null],
    [{ memberId: null, refund: refund('awaiting_second') }, '核对中', null],
    [{ memberId: null, refund: refund('approved') }, '审核通过', null],
    [{ memberId: null, refund: refund('rejected') }, '未退回', null],
    [{ memberId: null, refund: refund('closed') }, '已由工作人员处理', null],
    [{ status: 'refunding', memberId: null, refund: refund('manual_required') }, '人工处理中', null],
    [{ status: 'refunding', memberId: null, bindStatus: 'pending' }, '退款中', null],
    [{ status: 'refunded', memberId: null, bindStatus: 'pending' }, '已退款', null],
    [{ bindStatus: 'pending' }, '待绑定', 'bind'],
    [{ bindStatus: 'expired' }, '匹配中', null],
    [{ bindStatus: 'manual_required' }, '匹配中', null],
    [{}, '已报名', null],
  ])('%o', (change, tag, next) => {
    const summary = orderSummary({ ...order, ...change }, null, Date.parse('2026-11-05T08:10:00+08:00'));
    expect(summary.tag.text).toBe(tag);
    expect(summary.next).toBe(next);
  });
});

describe('a payment without a place', () => {
  it('says why it did not go back', () => {
    const refused = { ...order, memberId: null, refund: refund('rejected', '已线下退回。') };
    expect(orderSummary(refused, null).text).toBe(
      '这笔付款核对后没有退回。原因：已线下退回。如有疑问，请联系教练。',
    );
  });
});

describe('orderSummary with a progress', () => {
  const progress: Progress = {
    memberId: 7,
    campName: '写作营',
    startDate: '2026-11-01',
    endDate: '2026-11-10',
    status: 'settling',
    bindStatus: 'completed',
    identified: true,
    daysPassed: 10,
    totalDays: 10,
    checkedInDays: 6,
    requiredDays: 7,
    graceDays: 1,
    eligible: true,
    reachable: false,
    earliestEligibleDate: null,
    days: [],
    syncedAt: '2026-11-11T01:00:03+08:00',
    joined: true,
    daysSource: 'ranking',
    next: { what: 'decide', who: 'staff', until: '2026-11-14T00:00:00+08:00' },
    promise: null,
    verdict: null,
    appeal: null,
    settlement: null,
    proofCode: null,
    refund: null,
  };

  it('counts the days of whom one knows', () => {
    expect(orderSummary(order, progress).text).toContain('已打卡 6/7 天');
  });

  it('counts no days of whom nobody knows yet', () => {
    const summary = orderSummary(order, { ...progress, identified: false });
    expect(summary.tag.text).toBe('账号核对中');
    expect(summary.text).not.toContain('已打卡');
  });
});
