/** What a person reads when something was refused: the server's sentence, where it gave one. */

import { ApiError, type ErrorWord } from '@campkeeper/api';

/** For answers that never came, and for those of a gateway before us. */
const OWN: Partial<Record<ErrorWord, string>> = {
  network: '网络不太顺畅，请检查网络后重试',
  unexpected: '系统出了点问题，请稍后再试',
};

/** The sentence for whatever a call threw. A wait that the server asked for is named. */
export function errorText(reason: unknown): string {
  if (!(reason instanceof ApiError)) return '页面出了点问题，请刷新后再试';
  if (reason.word === 'rate_limited' && reason.retryAfterSeconds !== null) {
    return `操作太频繁了，请 ${Math.max(1, reason.retryAfterSeconds)} 秒后再试`;
  }
  // Without a sentence the error carries its own word, which is not for people.
  const told = reason.message === reason.word ? '' : reason.message;
  return told !== '' ? told : (OWN[reason.word] ?? '系统出了点问题，请稍后再试');
}

/** What is wrong with each field; those that the form does not show are told in one line. */
export function fieldErrors(reason: unknown, shown: readonly string[]) {
  const fields = reason instanceof ApiError ? reason.fields : {};
  const own: Record<string, string> = {};
  const others: string[] = [];
  for (const [name, text] of Object.entries(fields)) {
    // `coachIds[2]` and `coachIds.2` belong next to `coachIds`.
    const field = shown.find((known) => name === known || /^[[.]/.test(name.slice(known.length)) && name.startsWith(known));
    if (field === undefined) others.push(text);
    else own[field] = text;
  }
  const rest = others.length > 0 ? others.join('；') : null;
  const general = Object.keys(fields).length === 0 ? errorText(reason) : rest;
  return { own, general };
}

/** Words of a batch's `skipped`, which come without a sentence. */
const SKIPPED: Record<string, string> = {
  already_decided: '已经处理过',
  proposal_changed: '资料有了变化，请重新核对',
  wrong_state: '现在不能这样处理',
  duplicate: '星球账号已用于另一笔退款',
  needs_second_approver: '需要另一位同事复核',
  forbidden: '不在您的权限内',
  not_found: '没有找到',
};

/** `already_decided ×3` in words, the most frequent first. */
export function skippedLines(skipped: readonly { error: string }[]): string[] {
  const counts = new Map<string, number>();
  for (const { error } of skipped) counts.set(error, (counts.get(error) ?? 0) + 1);
  return [...counts]
    .sort(([, one], [, other]) => other - one)
    .map(([error, count]) => `${count} 笔${SKIPPED[error] ?? '没有办成'}`);
}
