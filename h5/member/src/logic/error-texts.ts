/** What a member reads when something goes wrong: what happened, and what to do next. */

import { ApiError, type Claimed, type ErrorWord } from '@campkeeper/api';

const TEXTS: Record<ErrorWord, string> = {
  bad_request: '页面可能已过期，请刷新后再试',
  signature_invalid: '链接不完整，请从原来的入口重新打开',
  unauthenticated: '登录已失效，请重新登录后继续',
  token_invalid: '没有认出您的报名，请在“我的”里重新打开',
  token_expired: '这次报名早已结束，查看期已过。如有疑问，请联系工作人员',
  forbidden: '您暂时不能进行这个操作，如有疑问请联系教练',
  must_change_password: '请先在管理后台修改密码',
  not_bound: '请先绑定星球账号，再查看群二维码',
  not_your_order: '这不是您的报名，请在“我的”里查看自己的',
  not_found: '没有找到，链接可能不完整或已下架',
  already_enrolled: '您已报名，无需重复支付',
  claimed: '这个星球账号已用于另一笔报名，请核对后再继续',
  already_bound: '已经绑定过了，无需重复提交',
  already_decided: '已经处理过了，请刷新查看结果',
  proposal_changed: '内容有更新，请刷新后再看',
  wrong_state: '状态刚刚有变化，请刷新后再试',
  undo_over: '已超过可撤回的时间',
  needs_second_approver: '还需要另一位工作人员确认，请耐心等待',
  sync_running: '正在同步打卡数据，请稍后再看',
  duplicate: '已经提交过了，请刷新查看结果',
  last_super_admin: '至少要留一位超级管理员',
  bind_expired: '自助绑定已截止，工作人员会为您匹配，无需操作',
  link_expired: '链接已过期，请从训练营列表重新进入',
  too_large: '内容太长了，请精简后再提交',
  unsupported_media_type: '不支持这种格式，请换一种再试',
  invalid_input: '有内容需要修改，请按提示检查后再提交',
  camp_not_enrolling: '这个训练营现在不在报名期，看看其他训练营吧',
  locked: '尝试次数过多，请稍后再试',
  rate_limited: '操作太频繁了，请稍等片刻再试',
  platform_error: '微信支付暂时没有响应，请稍后再试，不会重复扣款',
  platform_unavailable: '微信服务繁忙，请稍后再试，不会重复扣款',
  not_configured: '这个功能尚未开通，请联系教练',
  database_unavailable: '系统正在维护，请过几分钟再试',
  busy: '现在有点忙，请稍后再试',
  network: '网络不太顺畅，请检查网络后重试',
  unexpected: '出了点小问题，请稍后再试',
};

/** The text for whatever a call threw. A wait that the server asked for is named. */
export function errorText(error: unknown): string {
  if (!(error instanceof ApiError)) return TEXTS.unexpected;
  if (error.word === 'rate_limited' && error.retryAfterSeconds !== null) {
    return `操作太频繁了，请 ${Math.max(1, error.retryAfterSeconds)} 秒后再试`;
  }
  return TEXTS[error.word];
}

/** The error word of whatever a call threw, or null if it is no answer of ours. */
export function errorWord(error: unknown): ErrorWord | null {
  return error instanceof ApiError ? error.word : null;
}

/** What is wrong with one of these fields, in the server's words; null if none of them was named. */
export function fieldProblem(error: unknown, fields: readonly string[]): string | null {
  if (!(error instanceof ApiError)) return null;
  const named = fields.find((field) => Object.hasOwn(error.fields, field));
  return named === undefined ? null : (error.fields[named] ?? null);
}

/** The masked nickname of a `claimed`: all that anybody learns of the account. */
export function claimedNickname(error: unknown): string {
  const data = error instanceof ApiError ? (error.data as Partial<Claimed> | null) : null;
  return data?.maskedNickname ?? '';
}

/** True where the same call may well succeed a moment later. */
export function isPassing(error: unknown): boolean {
  const word = errorWord(error);
  return (
    word === 'network' ||
    word === 'rate_limited' ||
    word === 'platform_error' ||
    word === 'platform_unavailable' ||
    word === 'database_unavailable' ||
    word === 'unexpected'
  );
}
