/** One line and one next step for an order in “我的”. */

import type { OwnOrder, Progress } from '@campkeeper/api';
import type { StateTag } from './camp-texts';
import { isUnderReview } from './own-order';
import { campPhase, daysTell, progressStory, refundStory, refusalText } from './progress-story';

export interface OrderSummary {
  tag: StateTag;
  text: string;
  /** What the member is asked to do now; null when there is nothing to do. */
  next: 'pay' | 'renew' | 'bind' | null;
}

export const UNDER_REVIEW_TEXT = '这笔付款需要工作人员核对，核对后会确认报名或原路退回，无需重复支付。';

/** What a member reads whose time to look is over. */
export const OVER_TEXT = '这次报名早已结束，查看期已过。如有疑问，请联系工作人员。';

export function orderSummary(
  order: OwnOrder,
  progress: Progress | null,
  nowMs: number = Date.now(),
): OrderSummary {
  if (order.status === 'created' && Date.parse(order.expiresAt) <= nowMs) {
    return {
      tag: { text: '已过期', tone: 'quiet' },
      text: '超过 30 分钟没有支付，没有扣款，可以重新下单。',
      next: 'renew',
    };
  }
  if (order.status === 'created') {
    return {
      tag: { text: '待支付', tone: 'warn' },
      text: '支付后报名成功，请在 30 分钟内完成。',
      next: 'pay',
    };
  }
  if (order.memberId === null) return { ...placelessSummary(order), next: null };
  if (order.accessToken === null) {
    return { tag: { text: '已结束', tone: 'quiet' }, text: OVER_TEXT, next: null };
  }
  if (order.bindStatus === 'pending') {
    return {
      tag: { text: '待绑定', tone: 'warn' },
      text: '绑定星球账号后才能进群、统计打卡和退押金。',
      next: 'bind',
    };
  }
  if (order.bindStatus === 'expired' || order.bindStatus === 'manual_required') {
    return {
      tag: { text: '匹配中', tone: 'quiet' },
      text: '正在为您匹配星球账号，可联系教练加快确认。',
      next: null,
    };
  }
  return boundSummary(order, progress);
}

/** Money that gave nobody a place: staff look at it, and it goes back or stays. */
function placelessSummary(order: OwnOrder): Pick<OrderSummary, 'tag' | 'text'> {
  if (isUnderReview(order)) {
    return { tag: { text: '核对中', tone: 'quiet' }, text: UNDER_REVIEW_TEXT };
  }
  const refund = order.refund;
  if (refund?.status === 'rejected') {
    const text = `这笔付款核对后没有退回。${refusalText(refund.reason)}`;
    return { tag: { text: '未退回', tone: 'warn' }, text };
  }
  if (refund !== null) {
    const story = refundStory(refund);
    return { tag: { text: story.title, tone: story.tone }, text: story.text };
  }
  return order.status === 'refunded'
    ? { tag: { text: '已退款', tone: 'quiet' }, text: '已原路退回您的支付账户。' }
    : { tag: { text: '退款中', tone: 'quiet' }, text: '正在原路退回，无需操作。' };
}

function boundSummary(order: OwnOrder, progress: Progress | null): OrderSummary {
  if (progress === null) {
    const text = order.status === 'refunded' ? '押金已退回' : '点击查看详情';
    return { tag: { text: '已报名', tone: 'good' }, text, next: null };
  }
  if (progress.refund !== null) {
    const story = refundStory(progress.refund);
    return { tag: { text: story.title, tone: story.tone }, text: story.text, next: null };
  }
  const story = progressStory(progress);
  const counts = campPhase(progress.status) !== 'before' && daysTell(progress);
  const done = `已打卡 ${progress.checkedInDays}/${progress.requiredDays} 天`;
  return {
    tag: { text: story.title, tone: story.tone },
    text: counts ? `${done}。${story.text}` : story.text,
    next: null,
  };
}
