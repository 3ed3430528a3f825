import type { Progress, ProgressRefund, RefundStatus } from '@campkeeper/api';
import { describe, expect, it } from 'vitest';
import { daysTell, noRefundText, progressStory, refundStory } from './progress-story';

const refunded: ProgressRefund = {
  status: 'success',
  amountFen: 9900,
  listedAt: null,
  decidedAt: null,
  sentAt: null,
  refundedAt: '2026-11-12T10:00:00+08:00',
  wechatRefundId: '5030000',
  reason: null,
};

const base: Progress = {
  memberId: 7,
  campName: '写作营',
  startDate: '2026-11-01',
  endDate: '2026-11-10',
  status: 'ongoing',
  bindStatus: 'completed',
  identified: true,
  daysPassed: 5,
  totalDays: 10,
  checkedInDays: 4,
  requiredDays: 7,
  graceDays: 1,
  eligible: false,
  reachable: true,
  earliestEligibleDate: '2026-11-07',
  days: [],
  syncedAt: '2026-11-05T01:00:03+08:00',
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

describe('progressStory', () => {
  it.each<[string, Partial<Progress>, string, string]>([
    ['before the start', { status: 'enrolling' }, '待开启', '11月1日'],
    ['before the first sync', { syncedAt: null }, '待同步', '每天凌晨更新'],
    ['on the way', {}, '还差 3 天', '最早 11月7日'],
    ['on the way without a date', { earliestEligibleDate: null }, '还差 3 天', '坚持打卡'],
    ['out of reach', { reachable: false }, '剩余天数已不够', '联系教练'],
    ['enough', { eligible: true, checkedInDays: 7 }, '已达到退款条件', '训练营结束并审核通过后'],
    ['one short, which grace would cover', { eligible: true, checkedInDays: 6 }, '还差 1 天', '最早 11月7日'],
    [
      'out of reach but for grace',
      { reachable: false, checkedInDays: 5, days: [{ date: '2026-11-10', status: 'open', at: null, receipt: null }] },
      '还差 2 天',
      '由工作人员决定',
    ],
    [
      'over, by grace alone',
      { status: 'settling', eligible: true, checkedInDays: 6 },
      '待工作人员决定',
      '还差 1 天，在宽限范围内',
    ],
    ['over, enough', { status: 'settling', eligible: true, checkedInDays: 8 }, '已达到退款条件', '退款进展'],
    [
      'over, refunded beside the rules',
      { status: 'settling', checkedInDays: 2, refund: { ...refunded, status: 'processing' } },
      '审核已通过',
      '退款进展',
    ],
    ['over, refunded', { status: 'archived', refund: refunded }, '押金已退回', '感谢'],
    [
      'over, refused',
      { status: 'settling', eligible: true, refund: { ...refunded, status: 'rejected' } },
      '押金未退回',
      '原因见下方',
    ],
    ['over, too few', { status: 'ended' }, '不符合退款条件', '联系教练'],
    [
      'over, last days not read yet',
      { status: 'ended', days: [{ date: '2026-11-10', status: 'not_synced', at: null, receipt: null }] },
      '待同步',
      '同步完成后为准',
    ],
  ])('%s', (_name, change, title, part) => {
    const story = progressStory({ ...base, ...change });
    expect(story.title).toBe(title);
    expect(story.text).toContain(part);
  });

  const unknown = (bindStatus: Progress['bindStatus'], status: Progress['status']): Progress => ({
    ...base,
    status,
    bindStatus,
    identified: false,
    eligible: true,
    checkedInDays: 8,
    days: [{ date: '2026-11-10', status: 'not_synced', at: null, receipt: null }],
  });

  it.each<[Progress['bindStatus'], Progress['status'], string, string]>([
    ['pending', 'enrolling', '待绑定', '还不知道您是哪位星球用户'],
    ['pending', 'ended', '待绑定', '还不知道您是哪位星球用户'],
    ['expired', 'settling', '匹配中', '还不知道您是哪位星球用户'],
    ['manual_required', 'settling', '匹配中', '还不知道您是哪位星球用户'],
    ['completed', 'ongoing', '账号核对中', '请照常打卡'],
    ['completed', 'settling', '账号核对中', '工作人员正在核对您的星球账号'],
  ])('says first who is not known yet: %s, %s', (bindStatus, status, title, part) => {
    const progress = unknown(bindStatus, status);
    const story = progressStory(progress);
    expect(story.title).toBe(title);
    expect(story.text).toContain(part);
    expect(story.text).not.toContain('同步');
    expect(daysTell(progress)).toBe(false);
  });

  it('does not worry those whose claim the first sync will prove', () => {
    const claimed = { ...unknown('completed', 'enrolling'), syncedAt: null };
    expect(progressStory(claimed).title).toBe('待开启');
  });

  it('promises no refund to whom nobody knows, and lets a decision stand over all', () => {
    expect(noRefundText(unknown('completed', 'ended'), 9900).title).toBe('等待核对');
    const paidBack = { ...unknown('completed', 'settling'), refund: refunded };
    expect(progressStory(paidBack).title).toBe('押金已退回');
  });

  it.each<Progress['status']>(['ongoing', 'ended', 'settling'])(
    'is never good news while days are missing: %s',
    (status) => {
      const short = progressStory({ ...base, status, eligible: true, checkedInDays: 6 });
      expect(short.tone).not.toBe('good');
      expect(short.title).not.toBe('已达到退款条件');
    },
  );

  it('does not speak of grace where none was used', () => {
    expect(progressStory({ ...base, eligible: true, checkedInDays: 7 }).text).not.toContain('宽限');
  });
});

describe('refundStory', () => {
  const refund = (status: RefundStatus, reason: string | null = null): ProgressRefund => ({
    ...refunded,
    status,
    reason,
  });

  it.each<[RefundStatus, string, number]>([
    ['pending', '待审核', 0],
    ['awaiting_second', '审核中', 0],
    ['approved', '审核通过', 1],
    ['processing', '退款中', 1],
    ['failed', '退款中', 1],
    ['manual_required', '人工处理中', 1],
    ['success', '已退款', 3],
    ['rejected', '未通过审核', 0],
    ['closed', '已由工作人员处理', 3],
  ])('%s reads %s', (status, title, stepsDone) => {
    expect(refundStory(refund(status))).toMatchObject({ title, stepsDone });
  });

  it('gives the reason of a refusal, and of nothing else', () => {
    expect(refundStory(refund('rejected', '内容与主题无关')).text).toContain('内容与主题无关');
    expect(refundStory(refund('rejected', '')).text).toBe('如有疑问，请联系教练。');
    for (const status of ['failed', 'manual_required'] as const) {
      const text = refundStory(refund(status, 'SYSTEM_ERROR')).text;
      expect(text).not.toContain('SYSTEM_ERROR');
      expect(text).toContain('工作人员正在处理');
    }
  });
});

describe('noRefundText', () => {
  it('promises nothing before the end', () => {
    const story = noRefundText(base, 9950);
    expect(story.title).toBe('结营后审核');
    expect(story.text).toContain('¥99.5');
  });

  it.each<[Partial<Progress>, string]>([
    [{ eligible: true }, '等待审核'],
    [{}, '不符合条件'],
    [{ days: [{ date: '2026-11-10', status: 'not_synced', at: null, receipt: null }] }, '待同步'],
  ])('over: %o', (change, title) => {
    expect(noRefundText({ ...base, status: 'ended', ...change }, null).title).toBe(title);
  });
});
