import { describe, expect, it, vi } from 'vitest';
import { createMemberApi, signInPath } from './client';
import { ApiError } from './envelope';

function answering(status: number, body: unknown, headers: Record<string, string> = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const calls = vi.fn<typeof fetch>(() => Promise.resolve(new Response(text, { status, headers })));
  return { calls, api: createMemberApi({ fetch: calls }) };
}

async function failureOf(promise: Promise<unknown>): Promise<ApiError> {
  const reason: unknown = await promise.catch((error: unknown) => error);
  expect(reason).toBeInstanceOf(ApiError);
  return reason as ApiError;
}

describe('requests', () => {
  it('opens the envelope', async () => {
    const { api } = answering(200, { code: 200, message: '成功', data: { items: [] }, timestamp: 1 });
    expect(await api.camps()).toEqual({ items: [] });
  });

  it('keeps the clock of the server', async () => {
    const { api } = answering(200, { code: 200, data: null, timestamp: Date.now() + 3_600_000 });
    expect(Math.abs(api.serverNow() - Date.now())).toBeLessThan(1_000);
    await api.me();
    expect(Math.abs(api.serverNow() - Date.now() - 3_600_000)).toBeLessThan(1_000);
  });

  it('sends a body as JSON and the token in its header', async () => {
    const { api, calls } = answering(200, { code: 200, data: {} });
    await api.bind({ orderNo: 'ord_1', planetUserId: '1024', planetNickname: '小明' }, 'tk_1');
    const [path, init] = calls.mock.calls[0] ?? [];
    expect(path).toBe('/api/h5/payments/bind');
    expect(init?.method).toBe('POST');
    expect(init?.headers).toMatchObject({
      'X-Access-Token': 'tk_1',
      'Content-Type': 'application/json',
    });
    expect(init?.body).toBe('{"orderNo":"ord_1","planetUserId":"1024","planetNickname":"小明"}');
  });

  it('escapes what goes into addresses and leaves empty values out', async () => {
    const { api, calls } = answering(200, { code: 200, data: null });
    await api.planetUser('1024', '小 & 明');
    await api.camp(3, { planetUserId: '', ticket: undefined });
    await api.paymentStatus('../me');
    expect(calls.mock.calls.map(([path]) => path)).toEqual([
      '/api/h5/planet-users?q=1024&nickname=%E5%B0%8F+%26+%E6%98%8E',
      '/api/h5/camps/3',
      '/api/h5/payments/..%2Fme/status',
    ]);
  });

  it('asks to be brought back to the page', () => {
    expect(signInPath('/h5/camps/1?a=b')).toBe(
      '/api/h5/auth/wecom?redirect=%2Fh5%2Fcamps%2F1%3Fa%3Db',
    );
  });
});

describe('failures', () => {
  it('carries word, data, fields and the wait', async () => {
    const body = {
      code: 429,
      error: 'rate_limited',
      message: '太快',
      data: { a: 1 },
      fields: { planetUserId: '不存在', odd: 5 },
    };
    const error = await failureOf(answering(429, body, { 'Retry-After': '12' }).api.me());
    expect(error).toMatchObject({
      status: 429,
      word: 'rate_limited',
      data: { a: 1 },
      fields: { planetUserId: '不存在' },
      retryAfterSeconds: 12,
    });
  });

  it.each([
    ['a gateway page', 502, '<html>'],
    ['an unknown word', 400, { code: 400, error: 'brand_new' }],
    ['a good status without our envelope', 200, { items: [] }],
    ['an array', 200, []],
    ['nothing', 204, ''],
  ])('%s is unexpected', async (_name, status, body) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const response = new Response(status === 204 ? null : text, { status });
    const api = createMemberApi({ fetch: () => Promise.resolve(response) });
    expect((await failureOf(api.me())).word).toBe('unexpected');
  });

  it('a line that breaks is the network', async () => {
    const api = createMemberApi({ fetch: () => Promise.reject(new TypeError('failed to fetch')) });
    expect(await failureOf(api.me())).toMatchObject({ status: 0, word: 'network' });
  });

  it('an answer that never comes is the network', async () => {
    const never: typeof fetch = (_path, init) =>
      new Promise((_resolve, reject) => {
        init?.signal?.addEventListener('abort', () => reject(new DOMException('', 'AbortError')));
      });
    const api = createMemberApi({ fetch: never, timeoutMs: 5 });
    expect((await failureOf(api.me())).word).toBe('network');
  });
});
