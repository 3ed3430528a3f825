import { ApiError } from '@campkeeper/api';
import { describe, expect, it } from 'vitest';
import { errorText, fieldErrors, skippedLines } from './errors';

const error = (details: Partial<ConstructorParameters<typeof ApiError>[0]>) =>
  new ApiError({ status: 422, word: 'invalid_input', ...details });

describe('errors', () => {
  it('shows the sentence of the server', () => {
    expect(errorText(error({ word: 'undo_over', message: '撤回时间已过' }))).toBe('撤回时间已过');
  });

  it('never shows a word for programs', () => {
    expect(errorText(error({ word: 'network', status: 0 }))).toBe('网络不太顺畅，请检查网络后重试');
    expect(errorText(error({ word: 'wrong_state' }))).not.toContain('wrong_state');
    expect(errorText(new TypeError('x is undefined'))).not.toContain('undefined');
  });

  it('names the wait', () => {
    const reason = error({ word: 'rate_limited', message: '操作太频繁', retryAfterSeconds: 12 });
    expect(errorText(reason)).toBe('操作太频繁了，请 12 秒后再试');
  });
});

describe('errors of fields', () => {
  it('stand next to their field', () => {
    const reason = error({ fields: { name: '请填写训练营名称', 'coachIds[1]': '已经不存在' } });
    expect(fieldErrors(reason, ['name', 'coachIds'])).toEqual({
      own: { name: '请填写训练营名称', coachIds: '已经不存在' },
      general: null,
    });
  });

  it('do not get lost where the form has no such field', () => {
    const reason = error({ fields: { calendarDays: '不对' } });
    expect(fieldErrors(reason, ['name'])).toEqual({ own: {}, general: '不对' });
  });

  it('do not take one name for the beginning of another', () => {
    const reason = error({ fields: { namesake: '不对' } });
    expect(fieldErrors(reason, ['name']).own).toEqual({});
  });

  it('leave the sentence where no field is to blame', () => {
    const reason = error({ word: 'duplicate', message: '用户名已被使用' });
    expect(fieldErrors(reason, ['name'])).toEqual({ own: {}, general: '用户名已被使用' });
  });
});

describe('what a batch left out', () => {
  it('is counted by reason, most frequent first', () => {
    const skipped = ['not_found', 'already_decided', 'already_decided'].map((word) => ({ error: word }));
    expect(skippedLines(skipped)).toEqual(['2 笔已经处理过', '1 笔没有找到']);
  });
});
