import type { BindStatus, OrderStatus } from '@campkeeper/api';
import { describe, expect, it } from 'vitest';
import {
  afterPayment,
  channelOf,
  hasExpired,
  paymentPhase,
  pollDelayMs,
  withReturnAddress,
  type LocalOutcome,
  type PaymentPhase,
} from './payment-phase';

describe('paymentPhase', () => {
  it.each<[OrderStatus, LocalOutcome, PaymentPhase]>([
    ['created', 'none', 'ready'],
    ['created', 'launched', 'confirming'],
    ['created', 'ok', 'confirming'],
    ['created', 'cancel', 'cancelled'],
    ['created', 'fail', 'failed'],
    ['created', 'unpaid', 'unpaid'],
    ['closed', 'ok', 'closed'],
    ['paid', 'cancel', 'paid'],
    ['paid', 'none', 'paid'],
    ['refunding', 'fail', 'paid'],
    ['refunded', 'none', 'paid'],
  ])('%s after %s is %s', (status, local, phase) => {
    expect(paymentPhase(status, local)).toBe(phase);
  });
});

describe('an order whose time is over', () => {
  it('has expired, unless somebody has just paid it', () => {
    const until = '2026-11-05T08:30:00+08:00';
    const at = Date.parse(until);
    expect(hasExpired(until, at - 1)).toBe(false);
    expect(hasExpired(until, at)).toBe(true);
    expect(hasExpired(null, at)).toBe(false);
    expect(hasExpired(until, null)).toBe(false);
    for (const local of ['none', 'launched', 'cancel', 'fail', 'unpaid'] as const) {
      expect(paymentPhase('created', local, true)).toBe('expired');
    }
    expect(paymentPhase('created', 'ok', true)).toBe('confirming');
    expect(paymentPhase('paid', 'none', true)).toBe('paid');
  });
});

describe('channelOf', () => {
  it('goes by what the server handed out', () => {
    const payParams = {
      appId: 'ww1',
      timeStamp: '1',
      nonceStr: 'n',
      package: 'prepay_id=1',
      signType: 'RSA',
      paySign: 's',
    };
    expect(channelOf({ payParams, codeUrl: null, h5Url: null })).toBe('jsapi');
    expect(channelOf({ codeUrl: 'weixin://x' })).toBe('native');
    expect(channelOf({ h5Url: 'https://x' })).toBe('h5');
    expect(channelOf({})).toBeNull();
  });
});

describe('withReturnAddress', () => {
  const back = 'https://camp.example.com/h5/orders/ord_1/pay?from=cashier';
  const encoded =
    'https%3A%2F%2Fcamp.example.com%2Fh5%2Forders%2Ford_1%2Fpay%3Ffrom%3Dcashier';

  it.each([
    ['https://pay.example/c?prepay_id=wx%2B1', `https://pay.example/c?prepay_id=wx%2B1&redirect_url=${encoded}`],
    ['https://pay.example/c', `https://pay.example/c?redirect_url=${encoded}`],
    ['https://pay.example/c?redirect_url=x', 'https://pay.example/c?redirect_url=x'],
  ])('%s', (given, expected) => {
    expect(withReturnAddress(given, back)).toBe(expected);
  });
});

describe('afterPayment', () => {
  it.each<[BindStatus, 'group' | 'bind']>([
    ['completed', 'group'],
    ['closed', 'bind'],
    ['pending', 'bind'],
    ['expired', 'bind'],
    ['manual_required', 'bind'],
  ])('%s leads to %s', (bindStatus, page) => {
    expect(afterPayment(bindStatus)).toBe(page);
  });
});

describe('pollDelayMs', () => {
  it('stays far below a hundred questions a minute and slows down', () => {
    const firstMinute = Array.from({ length: 60 }, (_, polls) => pollDelayMs(polls));
    let elapsed = 0;
    const asked = firstMinute.filter((delay) => (elapsed += delay) <= 60_000).length;
    expect(asked).toBeLessThan(40);
    expect(pollDelayMs(100)).toBeGreaterThan(pollDelayMs(0));
  });
});
