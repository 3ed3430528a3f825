import { describe, expect, it, vi } from 'vitest';
import { earlyRequest } from './early-request';

describe('earlyRequest', () => {
  it('hands the begun answer out once', async () => {
    const ask = vi.fn((id: number) => Promise.resolve(`camp ${id}`));
    const request = earlyRequest(ask);
    request.begin(1);
    expect(await request.take(1)).toBe('camp 1');
    expect(ask).toHaveBeenCalledTimes(1);
    await request.take(1);
    expect(ask).toHaveBeenCalledTimes(2);
  });

  it('asks anew for something else', async () => {
    const request = earlyRequest((id: number) => Promise.resolve(`camp ${id}`));
    request.begin(1);
    expect(await request.take(2)).toBe('camp 2');
  });

  it('keeps a failure for whoever takes it', async () => {
    const ask = vi.fn<() => Promise<string>>();
    ask.mockRejectedValueOnce(new Error('offline')).mockResolvedValueOnce('fine');
    const request = earlyRequest(ask);
    request.begin();
    await expect(request.take()).rejects.toThrow('offline');
    expect(await request.take()).toBe('fine');
  });
});
