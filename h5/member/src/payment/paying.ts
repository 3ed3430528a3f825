/** The life of one payment on the screen: launch it, then ask the server until it is decided. */

import type { JsapiPayParams, PaymentParams, PaymentStatus } from '@campkeeper/api';
import { computed, onScopeDispose, ref, shallowRef, type ComputedRef, type Ref } from 'vue';
import { errorText, errorWord, isPassing } from '../logic/error-texts';
import {
  channelOf,
  paymentPhase,
  pollDelayMs,
  type LocalOutcome,
  type PaymentPhase,
} from '../logic/payment-phase';
import { api, browser, orderBook } from '../session';
import { openCashier, takeFreshPayment } from './checkout';
import { payInWebView } from './wechat-bridge';

export interface Paying {
  status: Ref<PaymentStatus | null>;
  params: Ref<PaymentParams | null>;
  /** Null until the server has answered once. */
  phase: ComputedRef<PaymentPhase | null>;
  /** What keeps this page from showing anything at all. */
  failure: Ref<unknown>;
  problem: Ref<string | null>;
  launching: Ref<boolean>;
  /** Counts in the server's clock, for what is shown as a countdown; null until it is known. */
  nowMs: Ref<number | null>;
  /** Hands the member to WeChat Pay, again if need be. */
  launch: () => Promise<void>;
  /** Asks the server now instead of at the next tick. */
  checkNow: () => Promise<void>;
}

export function usePaying(orderNo: string, backFromCashier: boolean): Paying {
  const status = shallowRef<PaymentStatus | null>(null);
  const params = shallowRef<PaymentParams | null>(null);
  const local = ref<LocalOutcome>(backFromCashier ? 'launched' : 'none');
  const failure = shallowRef<unknown>(null);
  const problem = ref<string | null>(null);
  const launching = ref(false);
  const nowMs = ref<number | null>(null);
  const phase = computed(() =>
    status.value === null ? null : paymentPhase(status.value.status, local.value),
  );

  let polls = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;

  async function checkNow(): Promise<void> {
    clearTimeout(timer);
    try {
      const answer = await api.paymentStatus(orderNo);
      remember(answer);
      status.value = answer;
      nowMs.value = api.serverNow();
      failure.value = null;
    } catch (error) {
      // A passing trouble is not worth a word while the next question is on its way.
      if (status.value === null || !isPassing(error)) failure.value = error;
    }
    polls += 1;
    if (!stopped && mayChange()) timer = setTimeout(() => void checkNow(), pollDelayMs(polls));
  }

  function mayChange(): boolean {
    if (status.value === null) return isPassing(failure.value);
    // A closed order can still turn paid by a late notification, but nobody waits for that.
    return status.value.status === 'created';
  }

  function remember(answer: PaymentStatus): void {
    const record = orderBook.find(orderNo);
    if (record === null || answer.accessToken === null) return;
    const { memberId, accessToken } = answer;
    orderBook.mergeOwn({ orderNo, campId: record.campId, memberId, accessToken });
  }

  async function launch(): Promise<void> {
    if (launching.value) return;
    launching.value = true;
    problem.value = null;
    try {
      // Never stale ones: an h5 address lives for five minutes only.
      params.value = takeFreshPayment(orderNo) ?? (await api.paymentParams(orderNo));
      await hand(params.value);
    } catch (error) {
      problem.value = errorText(error);
      if (errorWord(error) === 'wrong_state') await checkNow();
    } finally {
      launching.value = false;
    }
  }

  async function hand(given: PaymentParams): Promise<void> {
    const channel = channelOf(given);
    if (channel === 'h5' && given.h5Url != null) {
      local.value = 'launched';
      openCashier(given.h5Url);
    } else if (channel === 'jsapi' && given.payParams != null) {
      await handToWebView(given.payParams);
    }
    // A native code is on the screen as soon as `params` are there.
  }

  async function handToWebView(payParams: JsapiPayParams): Promise<void> {
    const outcome = await payInWebView(payParams, browser, (url) => api.jsConfig(url));
    local.value = outcome === 'unavailable' ? 'fail' : outcome;
    if (outcome === 'unavailable') {
      problem.value = '这里没能打开微信支付，请重试，或改用扫码支付';
    }
    await checkNow();
  }

  function onShow(): void {
    if (document.visibilityState === 'visible' && mayChange()) void checkNow();
  }

  const clock = setInterval(() => {
    if (nowMs.value !== null) nowMs.value = api.serverNow();
  }, 1_000);
  document.addEventListener('visibilitychange', onShow);
  onScopeDispose(() => {
    stopped = true;
    clearTimeout(timer);
    clearInterval(clock);
    document.removeEventListener('visibilitychange', onShow);
  });

  return { status, params, phase, failure, problem, launching, nowMs, launch, checkNow };
}
