/**
 * Paying through the web view of WeChat or WeCom. What the bridge reports is a hint for
 * the page, never a proof of payment: that is the server's to say.
 */

import type { JsapiPayParams, JsConfig } from '@campkeeper/api';
import type { Browser } from '../logic/browser';

export type BridgeOutcome = 'ok' | 'cancel' | 'fail' | 'unavailable';

interface BridgeAnswer {
  err_msg?: string;
}

interface WeixinBridge {
  invoke(
    name: 'getBrandWCPayRequest',
    params: JsapiPayParams,
    done: (answer: BridgeAnswer) => void,
  ): void;
}

declare global {
  interface Window {
    WeixinJSBridge?: WeixinBridge;
  }
}

/** The bridge is put into the page some time after it loads; real ones need far less. */
const BRIDGE_WAIT_MS = 4_000;

/** Old WeCom clients never answer the configuration; paying is then tried without it. */
const CONFIG_WAIT_MS = 4_000;

export async function payInWebView(
  params: JsapiPayParams,
  browser: Browser,
  loadJsConfig: (url: string) => Promise<JsConfig>,
): Promise<BridgeOutcome> {
  if (browser === 'wecom') await configureWecom(loadJsConfig);
  const bridge = await waitForBridge();
  if (bridge === null) return 'unavailable';
  return new Promise((resolve) => {
    bridge.invoke('getBrandWCPayRequest', params, (answer) => {
      resolve(bridgeOutcome(answer.err_msg));
    });
  });
}

/** `get_brand_wcpay_request:ok|cancel|fail` (wechat-pay-v3 §4.2). */
export function bridgeOutcome(message: string | undefined): BridgeOutcome {
  const word = message?.split(':')[1];
  if (word === 'ok' || word === 'cancel') return word;
  return 'fail';
}

/**
 * WeCom wants the page registered with the corp's signature before it pays
 * (wecom-bots-h5 §5.1). A refusal is not the end: the bridge itself has the last word,
 * and its answer reaches the member.
 */
async function configureWecom(loadJsConfig: (url: string) => Promise<JsConfig>): Promise<void> {
  try {
    const pageUrl = location.href.split('#')[0] ?? location.href;
    const [ww, first] = await Promise.all([import('@wecom/jssdk'), loadJsConfig(pageUrl)]);
    await new Promise<void>((resolve) => {
      setTimeout(resolve, CONFIG_WAIT_MS);
      ww.register({
        corpId: first.corpId,
        agentId: first.agentId,
        jsApiList: ['getBrandWCPayRequest'],
        getConfigSignature: async (url) => {
          const config = url === pageUrl ? first : await loadJsConfig(url);
          return {
            timestamp: config.timestamp,
            nonceStr: config.nonceStr,
            signature: config.configSignature,
          };
        },
        onConfigSuccess: () => resolve(),
        onConfigFail: (reason) => {
          console.warn('the WeCom page configuration was refused', reason);
          resolve();
        },
      });
    });
  } catch (error) {
    console.warn('the WeCom page configuration could not be loaded', error);
  }
}

function waitForBridge(): Promise<WeixinBridge | null> {
  if (window.WeixinJSBridge !== undefined) return Promise.resolve(window.WeixinJSBridge);
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      document.removeEventListener('WeixinJSBridgeReady', finish);
      resolve(window.WeixinJSBridge ?? null);
    };
    const timer = setTimeout(finish, BRIDGE_WAIT_MS);
    document.addEventListener('WeixinJSBridgeReady', finish);
  });
}
