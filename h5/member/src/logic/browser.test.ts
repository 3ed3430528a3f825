import { describe, expect, it } from 'vitest';
import { choosePaymentRoute, detectBrowser, type Browser, type PaymentRoute } from './browser';

const AGENTS: [string, string, number, Browser][] = [
  [
    'WeCom on iOS, which calls itself MicroMessenger too',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile/14F89 wxwork/2.1.0 MicroMessenger/6.3.22',
    5,
    'wecom',
  ],
  [
    'WeCom in a private deployment',
    'Mozilla/5.0 (Linux; Android 13) wxworklocal/3.0.1 MicroMessenger/7.0.1',
    5,
    'wecom',
  ],
  [
    'WeCom on Windows',
    'Mozilla/5.0 (Windows NT 10.0) Chrome/108 Safari/537.36 wxwork/4.1.0 MicroMessenger/7.0.1 WindowsWechat',
    0,
    'wecom',
  ],
  [
    'WeChat on Android',
    'Mozilla/5.0 (Linux; Android 14) Chrome/116 Mobile Safari/537.36 MicroMessenger/8.0.50',
    5,
    'wechat',
  ],
  ['Safari on an iPhone', 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X)', 5, 'mobile'],
  ['Chrome on Android', 'Mozilla/5.0 (Linux; Android 14) Chrome/120 Mobile Safari/537', 5, 'mobile'],
  ['HarmonyOS', 'Mozilla/5.0 (Phone; OpenHarmony 5.0) ArkWeb/4.1', 5, 'mobile'],
  ['an iPad that reports as a Mac', 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15)', 5, 'mobile'],
  ['a Mac', 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15)', 0, 'desktop'],
  ['Windows with a touch screen', 'Mozilla/5.0 (Windows NT 10.0; Win64; x64)', 10, 'desktop'],
];

describe('detectBrowser', () => {
  it.each(AGENTS)('%s', (_name, userAgent, maxTouchPoints, expected) => {
    expect(detectBrowser({ userAgent, maxTouchPoints })).toBe(expected);
  });
});

describe('choosePaymentRoute', () => {
  const cases: [Browser, boolean, boolean, PaymentRoute][] = [
    ['wecom', true, false, 'jsapi'],
    ['wecom', true, true, 'jsapi'],
    ['wecom', false, false, 'sign_in'],
    ['wecom', false, true, 'native'],
    ['wechat', true, false, 'jsapi'],
    ['wechat', false, false, 'sign_in'],
    ['wechat', false, true, 'native'],
    ['mobile', false, false, 'h5'],
    ['mobile', true, false, 'h5'],
    ['desktop', false, false, 'native'],
    ['desktop', true, true, 'native'],
  ];

  it.each(cases)('%s, signed in %s, sign-in failed %s: %s', (browser, signedIn, signInFailed, route) => {
    expect(choosePaymentRoute({ browser, signedIn, signInFailed })).toBe(route);
  });
});
