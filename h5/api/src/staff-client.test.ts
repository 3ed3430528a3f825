import { describe, expect, it, vi } from 'vitest';
import { ApiError } from './envelope';
import { createStaffApi } from './staff-client';

function answering(status: number, body: unknown) {
  const calls = vi.fn<typeof fetch>(() =>
    Promise.resolve(new Response(JSON.stringify(body), { status })),
  );
  const failures: unknown[] = [];
  const api = createStaffApi({ fetch: calls, onFailure: (reason) => failures.push(reason) });
  return { api, calls, failures };
}

describe('the staff API', () => {
  it('says that the request comes from our pages', async () => {
    const { api, calls } = answering(200, { code: 200, data: { items: [], total: 0 } });
    await api.refunds({ campId: '3', status: undefined, page: '2' });
    const [path, init] = calls.mock.calls[0] ?? [];
    expect(path).toBe('/api/admin/refunds?campId=3&page=2');
    expect(init?.headers).toMatchObject({ 'X-Requested-With': 'campkeeper' });
  });

  it('lets a form bring its own type', async () => {
    const { api, calls } = answering(200, { code: 200, data: {} });
    await api.upload(new Blob(['x']));
    expect(calls.mock.calls[0]?.[1]?.headers).not.toHaveProperty('Content-Type');
    expect(calls.mock.calls[0]?.[1]?.body).toBeInstanceOf(FormData);
  });

  it('tells of a failure before the caller hears of it', async () => {
    const { api, failures } = answering(401, { code: 401, error: 'token_expired', message: '' });
    await expect(api.me()).rejects.toBeInstanceOf(ApiError);
    expect(failures).toHaveLength(1);
    expect((failures[0] as ApiError).word).toBe('token_expired');
  });

  it('answers a file as it is, and tells what was refused', async () => {
    const { api, calls } = answering(200, 'PK');
    const file = await api.exported('members', { campId: '3', joined: undefined });
    expect(await file.text()).toContain('PK');
    expect(calls.mock.calls[0]?.[0]).toBe('/api/admin/export/members.xlsx?campId=3');
    const refused = answering(403, { code: 403, error: 'forbidden', message: '没有权限' });
    await expect(refused.api.exported('payments', {})).rejects.toThrow('没有权限');
  });

  it('escapes what stands in an address', async () => {
    const { api, calls } = answering(200, { code: 200, data: null });
    await api.keepPayment('a/b', '付款人找不到');
    expect(calls.mock.calls[0]?.[0]).toBe('/api/admin/payments/a%2Fb/keep');
  });
});
