/** Words for a camp: its state, its task, and the rules a member agrees to. */

import {
  type CampDetail,
  type CampStatus,
  type CampSummary,
  formatDay,
  formatRange,
  formatYuan,
} from '@campkeeper/api';

export type Tone = 'good' | 'active' | 'quiet' | 'warn';

export interface StateTag {
  text: string;
  tone: Tone;
}

type CampRules = Pick<
  CampSummary,
  'depositFen' | 'startDate' | 'endDate' | 'totalDays' | 'requiredDays' | 'graceDays'
>;

export function campTag(status: CampStatus, canEnroll: boolean): StateTag {
  switch (status) {
    case 'enrolling':
      return canEnroll ? { text: '报名中', tone: 'good' } : { text: '暂停报名', tone: 'quiet' };
    case 'ongoing':
      return { text: '进行中', tone: 'active' };
    case 'draft':
    case 'pending':
      return { text: '待开启', tone: 'quiet' };
    case 'ended':
    case 'settling':
    case 'archived':
      return { text: '已结束', tone: 'quiet' };
  }
}

/** Those that one can still join come first; otherwise the server's order stands. */
export function inListOrder<Camp extends Pick<CampSummary, 'canEnroll'>>(
  camps: readonly Camp[],
): Camp[] {
  return [...camps].sort((one, other) => Number(other.canEnroll) - Number(one.canEnroll));
}

/** Camps that are over are not shown; members find what is theirs in “我的”. */
export function campGoneText(enrolled: boolean): { title: string; text: string } {
  return enrolled
    ? { title: '这个训练营已结束', text: '您的打卡记录和押金退回都在“我的”里。' }
    : { title: '训练营已结束或已下架', text: '也可能是链接不完整，请从训练营列表重新进入。' };
}

/** `10 天内打卡 7 天` */
export function taskText(camp: Pick<CampRules, 'totalDays' | 'requiredDays'>): string {
  return `${camp.totalDays} 天内打卡 ${camp.requiredDays} 天`;
}

export interface Rule {
  title: string;
  text: string;
}

/** What the server copies onto the order: deposit, dates, days, grace, and what is promised. */
export function agreedRules(camp: CampRules & Pick<CampDetail, 'promise'>): Rule[] {
  const rules = [
    {
      title: `支付押金 ¥${formatYuan(camp.depositFen)}`,
      text: '押金由训练营代为保管，达到打卡要求后全额退回。',
    },
    {
      title: taskText(camp),
      text: `打卡日期 ${formatRange(camp.startDate, camp.endDate)}（含首尾两天）；一天多次打卡算一天，当天 24 点前有效。`,
    },
    {
      title: '结营审核，原路退回',
      text: `${formatDay(camp.endDate)}结束后核对打卡，由工作人员审核，通过后退回您的支付账户。未达到要求的，押金不退。`,
    },
  ];
  rules.push({
    title: '我们答应的时间',
    text: `${formatDay(camp.promise.listBy)}前出退款名单，${formatDay(camp.promise.decisionBy)}前审核，通过后最晚 ${formatDay(camp.promise.moneyBy)}退款；超时系统会自动提醒负责人。`,
  });
  rules.push({
    title: '不同意可以申诉',
    text: `缺卡次日起就能提出；结营判定后 ${camp.promise.appealHours} 小时内可以申诉，由没有参与决定的人答复，答复前押金不动。`,
  });
  if (camp.graceDays > 0) {
    rules.splice(2, 0, {
      title: `宽限 ${camp.graceDays} 天`,
      text: `最多差 ${camp.graceDays} 天时，由工作人员看过打卡情况再决定是否退回。`,
    });
  }
  return rules;
}
