/** What a deposit waits for, whose turn it is, and what to do when its date has passed. */

import { formatDay, formatMoment, type Progress, type ProgressRefund } from '@campkeeper/api';
import { objectable } from './appeal';

interface Step {
  title: string;
  text: string;
}

const STEPS: Record<string, Step | undefined> = {
  bind: { title: '等您绑定星球账号', text: '绑定后才能统计打卡、审核押金。' },
  match: { title: '等工作人员确认您的账号', text: '把星球编号和昵称告诉教练会更快。' },
  list: { title: '等退款名单', text: '结营后按打卡整理名单，您无需操作。' },
  decide: { title: '等工作人员审核', text: '审核通过后押金原路退回，您无需操作。' },
  undo: { title: '已通过，马上退款', text: '您无需操作。' },
  answer: { title: '等工作人员答复您的申诉', text: '答复之前，这笔押金不会被审核或留存。' },
  manual: { title: '等工作人员处理', text: '您无需操作，请留意微信通知。' },
  evidence: { title: '等星球的打卡数据', text: '同步完成后才能判定，您无需操作。' },
  merchant: { title: '已通过，等商户号恢复', text: '恢复后自动退给您，您无需操作。' },
  wechat: { title: '微信支付退款中', text: '通常几分钟内到账。' },
  object: { title: '您可以申诉', text: '对判定有异议，请在期限前提出；过期后押金不再退回。' },
};

/** The time to object runs on, and has been used. */
const ANSWERED: Step = {
  title: '申诉已答复，维持原来的决定',
  text: '同一件事不能再次申诉，您无需操作；还有疑问请联系教练。',
};
const ACCEPTED: Step = {
  title: '申诉已采纳，等审核',
  text: '由另一位工作人员审核，通过后押金原路退回，您无需操作。',
};

const WHO: Record<string, string> = {
  you: '轮到您',
  staff: '轮到工作人员',
  planet: '等知识星球',
  wechat: '等微信支付',
};

export interface NextStep extends Step {
  /** `轮到工作人员 · 11月24日 00:00 前` */
  turn: string;
  isLate: boolean;
}

/** Null once nothing of the deposit is here, and while the camp still runs without anything to do. */
export function nextStep(progress: Progress, nowMs: number): NextStep | null {
  const { what, who, until } = progress.next;
  const step = STEPS[what ?? ''];
  if (step === undefined || until === null) return null;
  const date = formatMoment(until);
  if (what === 'object' && objectable(progress) === null) {
    return { ...ANSWERED, turn: `${date} 起，押金不再退回`, isLate: false };
  }
  const isLate = who !== 'you' && Date.parse(until) < nowMs;
  const told = what === 'decide' && wasAccepted(progress) ? ACCEPTED : step;
  return { ...told, turn: `${WHO[who] ?? ''} · ${isLate ? `已过 ${date}` : `${date} 前`}`, isLate };
}

/** Right about a verdict or a rejection: what is decided now is the refund that follows from it. */
function wasAccepted({ appeal, refund }: Progress): boolean {
  return refund !== null && appeal?.status === 'accepted' && appeal.kind !== 'day';
}

export interface RefundStep {
  title: string;
  /** `11月21日 10:05` once it is done, `最晚 11月23日` before. */
  when: string;
  state: 'done' | 'now' | 'ahead';
}

/** The way back in five dated steps. Not earned, rejected or settled outside, it has none. */
export function refundSteps(progress: Progress): RefundStep[] {
  const { refund, promise } = progress;
  if (refund?.status === 'rejected' || refund?.status === 'closed') return [];
  // Whom the list leaves out waits for none of it.
  if (refund === null && progress.verdict?.eligible === false) return [];
  const by = (date: string | undefined): string => (date === undefined ? '' : `最晚 ${formatDay(date)}`);
  const isOver = ['ended', 'settling', 'archived'].includes(progress.status);
  const done = [
    isOver ? formatDay(progress.endDate) : null,
    at(refund?.listedAt),
    isDecided(refund) ? at(refund?.decidedAt) : null,
    at(refund?.sentAt),
    at(refund?.refundedAt),
  ];
  const ahead = [
    formatDay(progress.endDate),
    by(promise?.listBy),
    by(promise?.decisionBy),
    '通过后马上',
    by(promise?.moneyBy),
  ];
  const titles = ['结营', '出退款名单', '工作人员审核', '向微信发起退款', '到账'];
  const reached = done.findIndex((when) => when === null);
  return titles.map((title, index) => {
    const isDone = reached === -1 || index < reached;
    const state = isDone ? 'done' : index === reached ? 'now' : 'ahead';
    return { title, when: (isDone ? done[index] : ahead[index]) ?? '', state };
  });
}

function at(moment: string | null | undefined): string | null {
  return moment == null ? null : formatMoment(moment);
}

function isDecided(refund: ProgressRefund | null): boolean {
  return refund !== null && refund.status !== 'pending' && refund.status !== 'awaiting_second';
}
