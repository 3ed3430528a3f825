import { describe, expect, it } from 'vitest';
import { timelineOf } from './timeline';

describe('the time line of a member', () => {
  it('is one list, the newest first', () => {
    const line = timelineOf({
      member: {
        paidAt: '2026-01-01T10:00:00+08:00',
        paidFen: 9900,
        orderNo: 'ord_1',
        history: [
          { what: 'match', from: null, to: 'pending', by: 'wechat_pay', reason: '', at: '2026-01-01T10:00:01+08:00' },
          { what: 'match', from: 'pending', to: 'matched', by: '王教练', reason: '电话确认', at: '2026-01-02T09:00:00+08:00' },
        ],
      },
      checkIns: [
        { date: '2026-01-03', at: '2026-01-03T21:00:00+08:00', summary: '写了三百字', source: 'post' },
        { date: '2026-01-04', at: null, summary: null, source: 'import' },
      ],
      refunds: [
        {
          kind: 'deposit',
          status: 'success',
          amountFen: 9900,
          createdAt: '2026-01-11T10:00:00+08:00',
          decidedAt: '2026-01-11T12:00:00+08:00',
          decidedBy: '林月',
          refundedAt: '2026-01-11T12:05:00+08:00',
          reason: '',
        },
      ],
    });
    expect(line.map(({ what }) => what)).toEqual([
      '到账', '审核', '退款', '打卡', '打卡', '匹配', '匹配', '付款',
    ]);
    expect(line[4]?.text).toBe('写了三百字');
    expect(line[5]).toMatchObject({ text: '待匹配 → 已匹配', by: '王教练，电话确认' });
    expect(line.at(-1)?.text).toContain('ord_1');
  });

  it('tells of a no, and of nothing that did not happen', () => {
    const line = timelineOf({
      member: { paidAt: null, paidFen: null, orderNo: 'ord_1', history: [] },
      checkIns: [],
      refunds: [
        {
          kind: 'manual',
          status: 'rejected',
          amountFen: 9900,
          createdAt: '2026-01-11T10:00:00+08:00',
          decidedAt: '2026-01-11T12:00:00+08:00',
          decidedBy: '林月',
          refundedAt: null,
          reason: '按善意退还',
        },
      ],
    });
    expect(line.map(({ what, text }) => `${what} ${text}`)[0]).toBe('审核 已拒绝');
    expect(line).toHaveLength(2);
  });
});
