import { ApiError, ERROR_WORDS } from '@campkeeper/api';
import { describe, expect, it } from 'vitest';
import { errorText, errorWord, fieldProblem, isPassing } from './error-texts';

const error = (word: (typeof ERROR_WORDS)[number], retryAfterSeconds?: number): ApiError =>
  new ApiError({ status: 400, word, retryAfterSeconds });

describe('errorText', () => {
  it.each(ERROR_WORDS)('%s has a short Chinese text of its own', (word) => {
    const text = errorText(error(word));
    expect(text).toMatch(/^[\u4e00-\u9fff]/u);
    expect(text.length).toBeLessThanOrEqual(32);
    expect(text).not.toContain(word);
  });

  it('never shows two errors in the same words', () => {
    const texts = ERROR_WORDS.map((word) => errorText(error(word)));
    expect(new Set(texts).size).toBe(texts.length);
  });

  it('names the wait that the server asked for', () => {
    expect(errorText(error('rate_limited', 37))).toBe('操作太频繁了，请 37 秒后再试');
    expect(errorText(error('rate_limited', 0))).toBe('操作太频繁了，请 1 秒后再试');
  });

  it('has a text for what is no answer of ours', () => {
    expect(errorText(new TypeError('x is undefined'))).toBe('出了点小问题，请稍后再试');
    expect(errorWord(new TypeError('x is undefined'))).toBeNull();
  });
});

describe('isPassing', () => {
  it.each(['network', 'rate_limited', 'platform_unavailable', 'unexpected'] as const)(
    '%s may pass',
    (word) => expect(isPassing(error(word))).toBe(true),
  );

  it.each(['not_found', 'forbidden', 'bind_expired', 'not_configured'] as const)(
    '%s stays',
    (word) => expect(isPassing(error(word))).toBe(false),
  );
});

describe('fieldProblem', () => {
  it('is what the server says of a field that it names', () => {
    const full = new ApiError({ status: 422, word: 'invalid_input', fields: { file: '最多 3 个' } });
    expect(fieldProblem(full, ['uploadIds', 'file'])).toBe('最多 3 个');
    expect(fieldProblem(full, ['text'])).toBeNull();
    expect(fieldProblem(new TypeError('x'), ['file'])).toBeNull();
  });
});
