import { describe, expect, it } from 'vitest';
import { agreedRules, campGoneText, campTag, inListOrder } from './camp-texts';

const camp = {
  depositFen: 9950,
  startDate: '2026-11-05',
  endDate: '2026-11-14',
  totalDays: 10,
  requiredDays: 7,
  graceDays: 1,
  promise: { listBy: '2026-11-16', decisionBy: '2026-11-17', moneyBy: '2026-11-18', appealHours: 72 },
};

describe('agreedRules', () => {
  it('names deposit, days, dates and grace', () => {
    const text = agreedRules(camp)
      .map((rule) => `${rule.title} ${rule.text}`)
      .join('\n');
    for (const part of ['¥99.5', '10 天内打卡 7 天', '11月5日 – 11月14日', '宽限 1 天', '11月18日退款', '72 小时内可以申诉']) {
      expect(text).toContain(part);
    }
  });

  it('does not speak of grace where there is none', () => {
    const rules = agreedRules({ ...camp, graceDays: 0 });
    expect(rules.some((rule) => rule.title.includes('宽限'))).toBe(false);
    expect(rules.at(-1)?.title).toBe('不同意可以申诉');
  });
});

describe('campTag', () => {
  it('tells open from paused enrolment', () => {
    expect(campTag('enrolling', true).text).toBe('报名中');
    expect(campTag('enrolling', false).text).toBe('暂停报名');
    expect(campTag('ongoing', false).text).toBe('进行中');
  });
});

describe('inListOrder', () => {
  it('puts first what one can join, and keeps the order otherwise', () => {
    const camps = [
      { id: 4, canEnroll: false },
      { id: 3, canEnroll: true },
      { id: 2, canEnroll: false },
      { id: 1, canEnroll: true },
    ];
    expect(inListOrder(camps).map(({ id }) => id)).toEqual([3, 1, 4, 2]);
    expect(camps[0]?.id).toBe(4);
  });
});

describe('campGoneText', () => {
  it('tells those who are in it where theirs is', () => {
    expect(campGoneText(true)).toMatchObject({ title: '这个训练营已结束' });
    expect(campGoneText(true).text).toContain('我的');
    expect(campGoneText(false).title).toContain('已结束或已下架');
  });
});
