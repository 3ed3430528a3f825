/** Which browser this is, and so how a member can pay in it. */

export type Browser = 'wecom' | 'wechat' | 'mobile' | 'desktop';

export interface BrowserTraits {
  userAgent: string;
  maxTouchPoints: number;
}

/** WeCom calls itself MicroMessenger too, so it is asked for first (wecom-bots-h5 §4.3). */
export function detectBrowser(traits: BrowserTraits): Browser {
  const agent = traits.userAgent;
  if (/wxwork(local)?\/[\d.]+/i.test(agent)) return 'wecom';
  if (/micromessenger/i.test(agent)) return 'wechat';
  if (/android|iphone|ipod|ipad|mobile|harmonyos|openharmony/i.test(agent)) return 'mobile';
  // iPadOS reports itself as a Mac; no Mac has a touch screen.
  if (/macintosh/i.test(agent) && traits.maxTouchPoints > 1) return 'mobile';
  return 'desktop';
}

export function isWebView(browser: Browser): boolean {
  return browser === 'wecom' || browser === 'wechat';
}

/** A channel of the contract, or that the member must sign in first. */
export type PaymentRoute = 'jsapi' | 'h5' | 'native' | 'sign_in';

export interface PaymentSituation {
  browser: Browser;
  signedIn: boolean;
  /** Sign-in was tried in this visit and gave nobody, or the server has none. */
  signInFailed: boolean;
}

/**
 * H5 pay is refused inside WeChat and not to be relied on inside WeCom (wechat-pay-v3 §10),
 * so a web view without a signed-in openid is left with the QR code.
 */
export function choosePaymentRoute(situation: PaymentSituation): PaymentRoute {
  switch (situation.browser) {
    case 'wecom':
    case 'wechat':
      if (situation.signedIn) return 'jsapi';
      return situation.signInFailed ? 'native' : 'sign_in';
    case 'mobile':
      return 'h5';
    case 'desktop':
      return 'native';
  }
}
