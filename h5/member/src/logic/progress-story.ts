/** One headline and one sentence for where a member stands; the numbers are the server's. */

import {
  formatDay,
  formatYuan,
  type Progress,
  type ProgressRefund,
  type RefundStatus,
} from '@campkeeper/api';
import type { Tone } from './camp-texts';

export interface Story {
  tone: Tone;
  title: string;
  text: string;
}

export type CampPhase = 'before' | 'running' | 'over';

export function campPhase(status: Progress['status']): CampPhase {
  if (status === 'ongoing') return 'running';
  return status === 'ended' || status === 'settling' || status === 'archived' ? 'over' : 'before';
}

export function progressStory(progress: Progress): Story {
  const known = decidedStory(progress) ?? unknownStory(progress);
  if (known !== null) return known;
  switch (campPhase(progress.status)) {
    case 'before':
      return {
        tone: 'quiet',
        title: '待开启',
        text: `训练营 ${formatDay(progress.startDate)} 开始，之后这里会显示每天的打卡情况。`,
      };
    case 'running':
      return runningStory(progress);
    case 'over':
      return overStory(progress);
  }
}

/** Once people have decided, their word stands over what the days alone would say. */
function decidedStory({ refund }: Progress): Story | null {
  switch (refund?.status) {
    case undefined:
    case 'pending':
    case 'awaiting_second':
      return null;
    case 'success':
      return { tone: 'good', title: '押金已退回', text: '感谢您的坚持，期待下次再见。' };
    case 'rejected':
      return { tone: 'warn', title: '押金未退回', text: '工作人员没有通过这笔退款，原因见下方。' };
    case 'approved':
    case 'processing':
    case 'failed':
    case 'manual_required':
      return { tone: 'good', title: '审核已通过', text: '退款进展见下方。' };
    case 'closed':
      return { tone: 'quiet', title: '已由工作人员处理', text: '详情见下方。' };
  }
}

/** Whether the days tell of the member: not while it is open who they are on the planet. */
export function daysTell(progress: Progress): boolean {
  return decidedStory(progress) !== null || unknownStory(progress) === null;
}

function unknownStory(progress: Progress): Story | null {
  if (progress.identified) return null;
  switch (progress.bindStatus) {
    case 'pending':
      return {
        tone: 'warn',
        title: '待绑定',
        text: '还不知道您是哪位星球用户。请绑定星球账号，之后才能统计打卡、审核押金。',
      };
    case 'expired':
    case 'manual_required':
      return {
        tone: 'quiet',
        title: '匹配中',
        text: '还不知道您是哪位星球用户，工作人员正在匹配。把星球编号和昵称告诉教练会更快。',
      };
    case 'completed':
    case 'closed':
      return claimedStory(progress);
  }
}

/** Most claims are proved by the first sync; before it there is nothing to worry anybody with. */
function claimedStory(progress: Progress): Story | null {
  if (campPhase(progress.status) !== 'over' && progress.syncedAt === null) return null;
  return {
    tone: 'quiet',
    title: '账号核对中',
    text:
      campPhase(progress.status) === 'over'
        ? '工作人员正在核对您的星球账号，核对后才能统计打卡、审核押金。您也可以联系教练。'
        : '工作人员正在核对您的星球账号，核对后按它统计天数。请照常打卡。',
  };
}

function runningStory(progress: Progress): Story {
  const missing = missingDays(progress);
  if (missing === 0) {
    return {
      tone: 'good',
      title: '已达到退款条件',
      text: '训练营结束并审核通过后，押金原路退回。',
    };
  }
  if (progress.syncedAt === null) {
    return {
      tone: 'quiet',
      title: '待同步',
      text: '已开营，请照常打卡。打卡记录每天凌晨更新，之后这里会显示您的天数。',
    };
  }
  if (!progress.reachable) return shortStory(progress, missing);
  const earliest =
    progress.earliestEligibleDate === null
      ? '坚持打卡就能达到要求。'
      : `坚持打卡，最早 ${formatDay(progress.earliestEligibleDate)} 达到要求。`;
  return { tone: 'active', title: `还差 ${missing} 天`, text: earliest };
}

/** Too few days are left; whether grace can still make up for them is for people to say. */
function shortStory(progress: Progress, missing: number): Story {
  const left = progress.days.filter((day) => day.status === 'open' || day.status === 'future');
  if (missing - left.length <= progress.graceDays) {
    return {
      tone: 'warn',
      title: `还差 ${missing} 天`,
      text: '剩下的天数已不够，请继续打卡：差得不超过宽限天数的，结营后由工作人员决定。',
    };
  }
  return {
    tone: 'warn',
    title: '剩余天数已不够',
    text: '按目前的记录无法达到打卡要求。如果记录与实际不符，请联系教练。',
  };
}

/** Days that the rules still ask for. `eligible` counts grace, which is for people to give. */
function missingDays(progress: Progress): number {
  return Math.max(0, progress.requiredDays - progress.checkedInDays);
}

function overStory(progress: Progress): Story {
  const missing = missingDays(progress);
  if (missing === 0) {
    return { tone: 'good', title: '已达到退款条件', text: '退款进展见下方。' };
  }
  if (progress.eligible) {
    return {
      tone: 'warn',
      title: '待工作人员决定',
      text: `还差 ${missing} 天，在宽限范围内，由工作人员决定是否退回押金。`,
    };
  }
  if (progress.days.some((day) => day.status === 'not_synced')) {
    return {
      tone: 'quiet',
      title: '待同步',
      text: '训练营已结束，最后几天的打卡还在同步，结果以同步完成后为准。',
    };
  }
  return {
    tone: 'warn',
    title: '不符合退款条件',
    text: '打卡天数没有达到要求。如果记录与实际不符，可以在期限内申诉，或联系教练。',
  };
}

export interface RefundStory extends Story {
  /** Steps done of three: 审核, 退款, 到账. */
  stepsDone: number;
}

const REFUND_STORIES: Record<RefundStatus, RefundStory> = {
  pending: story('active', '待审核', '工作人员正在审核，通过后押金原路退回。', 0),
  awaiting_second: story('active', '审核中', '已通过初审，等待另一位工作人员复核。', 0),
  approved: story('active', '审核通过', '马上为您退款，无需任何操作。', 1),
  processing: story('active', '退款中', '微信支付正在处理，通常几分钟内到账。', 1),
  failed: story('active', '退款中', '退款还没有成功，工作人员正在处理，您无需操作。', 1),
  manual_required: story('warn', '人工处理中', '工作人员正在处理这笔退款，您无需操作，请留意微信通知。', 1),
  success: story('good', '已退款', '已退回您的支付账户；零钱即时到账，银行卡一般 1–3 个工作日。', 3),
  rejected: story('warn', '未通过审核', '如有疑问，请联系教练。', 0),
  closed: story('quiet', '已由工作人员处理', '这笔退款已线下处理，如有疑问请联系教练。', 3),
};

export function refundStory(refund: ProgressRefund): RefundStory {
  const base = REFUND_STORIES[refund.status];
  return refund.status === 'rejected' ? { ...base, text: refusalText(refund.reason) } : base;
}

/** Why people said no, in the words they gave. */
export function refusalText(reason: string | null): string {
  const given = (reason ?? '').trim().replace(/[。.]+$/u, '');
  return given === '' ? '如有疑问，请联系教练。' : `原因：${given}。如有疑问，请联系教练。`;
}

/** What a member reads where there is no refund (yet). Nothing is promised before people decide. */
export function noRefundText(progress: Progress, depositFen: number | null): Story {
  const amount = depositFen === null ? '押金' : `押金 ¥${formatYuan(depositFen)} `;
  if (campPhase(progress.status) !== 'over') {
    return {
      tone: 'quiet',
      title: '结营后审核',
      text: `${formatDay(progress.endDate)}结束后核对打卡，审核通过后${amount}原路退回。`,
    };
  }
  if (unknownStory(progress) !== null) {
    return { tone: 'quiet', title: '等待核对', text: '先确认您的星球账号，再由工作人员审核押金。' };
  }
  if (progress.eligible) {
    return { tone: 'active', title: '等待审核', text: '退款名单正在整理，由工作人员审核，请耐心等待。' };
  }
  if (progress.days.some((day) => day.status === 'not_synced')) {
    return { tone: 'quiet', title: '待同步', text: '打卡同步完成后才能判定是否退款。' };
  }
  return { tone: 'quiet', title: '不符合条件', text: '没有达到打卡要求，押金不退回。' };
}

function story(tone: Tone, title: string, text: string, stepsDone: number): RefundStory {
  return { tone, title, text, stepsDone };
}
