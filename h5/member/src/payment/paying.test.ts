import { ApiError, type Payment, type PaymentStatus } from '@campkeeper/api';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { effectScope, type EffectScope } from 'vue';
import { NOT_PAID_YET, usePaying, type Paying } from './paying';

const api = vi.hoisted(() => ({
  paymentStatus: vi.fn<(orderNo: string, saysPaid?: boolean) => Promise<PaymentStatus>>(),
  paymentParams: vi.fn<() => Promise<Pick<Payment, 'h5Url'>>>(),
  serverNow: () => 0,
}));
vi.mock('../session', () => ({ api, browser: 'other', orderBook: { find: () => null } }));

const unpaid: PaymentStatus = {
  orderNo: 'ord_1',
  status: 'created',
  bindStatus: 'pending',
  bindMethod: null,
  bindDeadline: null,
  memberId: null,
  accessToken: null,
};
const offline = new ApiError({ status: 0, word: 'network' });

let scope: EffectScope;
let left: string[];
const line = { onLine: true };

function paying(): Paying {
  return scope.run(() => usePaying('ord_1', false)) as Paying;
}

beforeEach(() => {
  vi.useFakeTimers();
  scope = effectScope();
  left = [];
  line.onLine = true;
  vi.stubGlobal('document', Object.assign(new EventTarget(), { visibilityState: 'visible' }));
  vi.stubGlobal('window', new EventTarget());
  vi.stubGlobal('navigator', line);
  vi.stubGlobal('location', {
    origin: 'https://camp.example.com',
    pathname: '/h5/orders/ord_1/pay',
    assign: (address: string) => left.push(address),
  });
  api.paymentStatus.mockReset().mockResolvedValue(unpaid);
  api.paymentParams.mockReset().mockResolvedValue({ h5Url: 'https://pay.example/c?id=1' });
});

afterEach(() => {
  scope.stop();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe('who says that they have paid', () => {
  it('is told that nothing has arrived, until it has', async () => {
    const page = paying();
    await page.confirmPaid();
    expect(page.problem.value).toBe(NOT_PAID_YET);
    api.paymentStatus.mockResolvedValue({ ...unpaid, status: 'paid' });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(page.problem.value).toBeNull();
    expect(page.phase.value).toBe('paid');
  });

  it('asks once however often they tap', async () => {
    const page = paying();
    await Promise.all([page.confirmPaid(), page.confirmPaid(), page.checkNow()]);
    expect(api.paymentStatus).toHaveBeenCalledTimes(1);
    // And one question alone is on its way after that.
    await vi.advanceTimersByTimeAsync(2_000);
    expect(api.paymentStatus).toHaveBeenCalledTimes(2);
  });
});

describe('who comes back from the cashier', () => {
  it('is told that nothing was paid once WeChat Pay was asked, and that it was if it was', async () => {
    const page = paying();
    await page.launch();
    expect(page.phase.value).toBe(null);
    await page.checkNow();
    expect(page.phase.value).toBe('confirming');
    document.dispatchEvent(new Event('visibilitychange'));
    await vi.advanceTimersByTimeAsync(3_600);
    expect(api.paymentStatus).toHaveBeenCalledWith('ord_1', true);
    expect(page.phase.value).toBe('unpaid');
    api.paymentStatus.mockResolvedValue({ ...unpaid, status: 'paid' });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(page.phase.value).toBe('paid');
  });

  it('asks WeChat Pay when they say that they have paid', async () => {
    const page = paying();
    await page.checkNow();
    await page.confirmPaid();
    expect(api.paymentStatus).toHaveBeenLastCalledWith('ord_1', true);
  });
});

describe('without a line', () => {
  it('says so, and goes on by itself', async () => {
    const page = paying();
    await page.checkNow();
    window.dispatchEvent(new Event('offline'));
    expect(page.lineLost.value).toBe(true);
    api.paymentStatus.mockRejectedValue(offline);
    await page.confirmPaid();
    expect(page.lineLost.value).toBe(true);
    expect(page.problem.value).toBeNull();

    api.paymentStatus.mockResolvedValue({ ...unpaid, status: 'paid' });
    window.dispatchEvent(new Event('online'));
    await vi.advanceTimersByTimeAsync(0);
    expect(page.lineLost.value).toBe(false);
    expect(page.phase.value).toBe('paid');
  });

  it('opens by itself when even the first answer was lost', async () => {
    api.paymentStatus.mockRejectedValue(offline);
    const page = paying();
    await page.checkNow();
    expect(page.phase.value).toBeNull();
    expect(page.lineLost.value).toBe(true);
    api.paymentStatus.mockResolvedValue(unpaid);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(page.phase.value).toBe('ready');
    expect(page.failure.value).toBeNull();
  });

  it('does not leave for a cashier that cannot be reached', async () => {
    const page = paying();
    await page.checkNow();
    line.onLine = false;
    await page.launch();
    expect(left).toEqual([]);
    expect(page.phase.value).toBe('ready');
    expect(page.lineLost.value).toBe(true);
  });
});

describe('launching', () => {
  it('sends the member to pay once for two taps', async () => {
    const page = paying();
    await Promise.all([page.launch(), page.launch()]);
    expect(api.paymentParams).toHaveBeenCalledTimes(1);
    expect(left).toHaveLength(1);
  });

  it('looks again when the member comes back', async () => {
    const page = paying();
    await page.checkNow();
    document.dispatchEvent(new Event('visibilitychange'));
    expect(api.paymentStatus).toHaveBeenCalledTimes(2);
    window.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }));
    await vi.advanceTimersByTimeAsync(0);
    expect(api.paymentStatus).toHaveBeenCalledTimes(2);
  });
});
