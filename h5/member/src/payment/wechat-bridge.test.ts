import { describe, expect, it } from 'vitest';
import { bridgeOutcome } from './wechat-bridge';

describe('bridgeOutcome', () => {
  it.each([
    ['get_brand_wcpay_request:ok', 'ok'],
    ['get_brand_wcpay_request:cancel', 'cancel'],
    ['get_brand_wcpay_request:fail', 'fail'],
    ['get_brand_wcpay_request:fail_invalid appid', 'fail'],
    ['system:access_denied', 'fail'],
    ['', 'fail'],
    [undefined, 'fail'],
  ])('%s is %s', (message, outcome) => {
    expect(bridgeOutcome(message)).toBe(outcome);
  });
});
