import type { Progress } from '@campkeeper/api';
import { describe, expect, it } from 'vitest';
import { nextStep, refundSteps } from './next-step';

const base = {
  status: 'settling',
  endDate: '2026-11-20',
  promise: { listBy: '2026-11-22', decisionBy: '2026-11-23', moneyBy: '2026-11-24' },
  refund: null,
  verdict: null,
  next: { what: 'decide', who: 'staff', until: '2026-11-24T00:00:00+08:00' },
} as unknown as Progress;

const refund = (fields: object): Progress =>
  ({
    ...base,
    refund: { status: 'pending', listedAt: null, decidedAt: null, sentAt: null, refundedAt: null, ...fields },
  }) as unknown as Progress;

describe('nextStep', () => {
  it('names what is waited for, whose turn it is, and until when', () => {
    const step = nextStep(base, Date.parse('2026-11-22T00:00:00+08:00'));
    expect(step).toMatchObject({ title: '等工作人员审核', turn: '轮到工作人员 · 11月24日 00:00 前', isLate: false });
  });

  it('says when others are late, and never that the member is', () => {
    const later = Date.parse('2026-11-25T00:00:00+08:00');
    expect(nextStep(base, later)).toMatchObject({ isLate: true, turn: '轮到工作人员 · 已过 11月24日 00:00' });
    const own = { ...base, next: { ...base.next, what: 'bind', who: 'you' } } as unknown as Progress;
    expect(nextStep(own, later)?.isLate).toBe(false);
  });

  it('says that an answered objection is over, and what follows from it', () => {
    const answered = { kind: 'verdict', status: 'refused', at: '2026-11-22T08:00:00+08:00' };
    const next = { what: 'object', who: 'you', until: '2026-11-24T00:00:00+08:00' };
    const refused = nextStep({ ...base, next, appeal: answered } as unknown as Progress, 0);
    expect(refused).toMatchObject({ title: '申诉已答复，维持原来的决定', turn: '11月24日 00:00 起，押金不再退回' });
    const open = nextStep({ ...base, next, appeal: null }, 0);
    expect(open).toMatchObject({ title: '您可以申诉', turn: '轮到您 · 11月24日 00:00 前' });
    const accepted = { ...refund({}), appeal: { ...answered, status: 'accepted' } } as unknown as Progress;
    expect(nextStep(accepted, 0)?.title).toBe('申诉已采纳，等审核');
    // An accepted day counts, and the member is judged like everybody.
    const day = { ...refund({}), appeal: { ...answered, kind: 'day', status: 'accepted' } } as unknown as Progress;
    expect(nextStep(day, 0)?.title).toBe('等工作人员审核');
  });

  it('is nothing once the money has come to rest', () => {
    const rested = { ...base, next: { what: null, who: 'none', until: null } } as unknown as Progress;
    expect(nextStep(rested, 0)).toBeNull();
  });
});

describe('refundSteps', () => {
  const states = (progress: Progress): string => refundSteps(progress).map((step) => step.state).join(' ');

  it('promises dates before they are there', () => {
    expect(refundSteps(base).map((step) => step.when)).toEqual([
      '11月20日',
      '最晚 11月22日',
      '最晚 11月23日',
      '通过后马上',
      '最晚 11月24日',
    ]);
    expect(states(base)).toBe('done now ahead ahead ahead');
  });

  it('dates what is done', () => {
    const listed = { listedAt: '2026-11-21T10:05:00+08:00' };
    expect(states(refund(listed))).toBe('done done now ahead ahead');
    // Taken back and waiting again, the earlier decision is none.
    const again = { ...listed, decidedAt: '2026-11-21T11:00:00+08:00' };
    expect(states(refund(again))).toBe('done done now ahead ahead');
    const sent = { ...again, status: 'processing', sentAt: '2026-11-21T11:01:00+08:00' };
    expect(states(refund(sent))).toBe('done done done done now');
    const back = refund({ ...sent, status: 'success', refundedAt: '2026-11-21T11:02:00+08:00' });
    expect(states(back)).toBe('done done done done done');
    expect(refundSteps(back)[1]?.when).toBe('11月21日 10:05');
  });

  it('has none where people or the days said no', () => {
    expect(refundSteps(refund({ status: 'rejected' }))).toEqual([]);
    const verdict = { eligible: false, days: 2, flags: [], appealUntil: null };
    expect(refundSteps({ ...base, verdict })).toEqual([]);
  });
});
