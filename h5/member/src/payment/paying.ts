/** The life of one payment on the screen: launch it, then ask the server until it is decided. */

import type { JsapiPayParams, PaymentParams, PaymentStatus } from '@campkeeper/api';
import { computed, onScopeDispose, ref, shallowRef, type ComputedRef, type Ref } from 'vue';
import { errorText, errorWord, isPassing } from '../logic/error-texts';
import {
  channelOf,
  hasExpired,
  paymentPhase,
  pollDelayMs,
  type LocalOutcome,
  type PaymentPhase,
} from '../logic/payment-phase';
import { onReturn } from '../returning';
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
  /** Nothing gets through at the moment; the page goes on by itself once it does. */
  lineLost: Ref<boolean>;
  launching: Ref<boolean>;
  /** Counts in the server's clock, for what is shown as a countdown; null until it is known. */
  nowMs: Ref<number | null>;
  /** Hands the member to WeChat Pay, again if need be. */
  launch: () => Promise<void>;
  /** Asks the server now instead of at the next tick. */
  checkNow: () => Promise<void>;
  /** The member says that they have paid: asks, and says so if nothing has arrived. */
  confirmPaid: () => Promise<void>;
}

/** A notification that has not come by then may be lost. */
const SETTLE_AFTER_MS = 3_500;

export const NOT_PAID_YET = '还没有收到付款，请稍等或继续支付';

export function usePaying(
  orderNo: string,
  backFromCashier: boolean,
  expiresAt: string | null = null,
): Paying {
  const status = shallowRef<PaymentStatus | null>(null);
  const params = shallowRef<PaymentParams | null>(null);
  const local = ref<LocalOutcome>(backFromCashier ? 'launched' : 'none');
  const failure = shallowRef<unknown>(null);
  const problem = ref<string | null>(null);
  const lineLost = ref(false);
  const launching = ref(false);
  const nowMs = ref<number | null>(null);
  const phase = computed(() =>
    status.value === null
      ? null
      : paymentPhase(status.value.status, local.value, hasExpired(expiresAt, nowMs.value)),
  );

  let polls = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;
  let asking: Promise<void> | null = null;
  let settling: ReturnType<typeof setTimeout> | undefined;

  /** One question at a time: whoever asks meanwhile waits for its answer. */
  function checkNow(saysPaid = false): Promise<void> {
    asking ??= ask(saysPaid).finally(() => {
      asking = null;
    });
    return asking;
  }

  async function ask(saysPaid: boolean): Promise<void> {
    clearTimeout(timer);
    try {
      const answer = await api.paymentStatus(orderNo, saysPaid);
      remember(answer);
      status.value = answer;
      nowMs.value = api.serverNow();
      failure.value = null;
      lineLost.value = false;
      if (answer.status !== 'created') problem.value = null;
    } catch (error) {
      lineLost.value = errorWord(error) === 'network';
      // Other passing trouble is not worth a word while the next question is on its way.
      if (status.value === null || !isPassing(error)) failure.value = error;
    }
    polls += 1;
    if (!stopped && mayChange()) timer = setTimeout(() => void checkNow(), pollDelayMs(polls));
  }

  async function confirmPaid(): Promise<void> {
    problem.value = null;
    await askWechatPay();
    if (status.value?.status === 'created' && !lineLost.value) problem.value = NOT_PAID_YET;
  }

  /** Has the server ask WeChat Pay: its notification may be lost. */
  async function askWechatPay(): Promise<void> {
    // A question under way may be one without asking there.
    await asking;
    await checkNow(true);
  }

  /**
   * Back from paying: WeChat Pay is asked once when a notification would have come. Who has left the
   * cashier without paying is told so, and can go on or say that they have paid.
   */
  function settleAfterReturn(): void {
    clearTimeout(settling);
    settling = setTimeout(() => void settle(), SETTLE_AFTER_MS);
  }

  async function settle(): Promise<void> {
    if (stopped || !mayChange()) return;
    await askWechatPay();
    const isUnpaid = status.value?.status === 'created' && !lineLost.value;
    if (isUnpaid && local.value === 'launched') local.value = 'unpaid';
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
      lineLost.value = errorWord(error) === 'network';
      problem.value = lineLost.value ? null : errorText(error);
      if (errorWord(error) === 'wrong_state') await checkNow();
    } finally {
      launching.value = false;
    }
  }

  async function hand(given: PaymentParams): Promise<void> {
    const channel = channelOf(given);
    if (channel === 'h5' && given.h5Url != null) {
      // Leaving now would end on the browser's own page about the network.
      lineLost.value = !navigator.onLine;
      if (lineLost.value) return;
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
    if (outcome === 'ok') settleAfterReturn();
  }

  function lookAgain(): void {
    if (mayChange()) void checkNow();
  }

  function comeBack(): void {
    lookAgain();
    if (local.value === 'launched') settleAfterReturn();
  }

  function onOffline(): void {
    lineLost.value = mayChange();
  }

  const clock = setInterval(() => {
    if (nowMs.value !== null) nowMs.value = api.serverNow();
  }, 1_000);
  onReturn(comeBack);
  if (backFromCashier) settleAfterReturn();
  window.addEventListener('online', lookAgain);
  window.addEventListener('offline', onOffline);
  onScopeDispose(() => {
    stopped = true;
    clearTimeout(timer);
    clearTimeout(settling);
    clearInterval(clock);
    window.removeEventListener('online', lookAgain);
    window.removeEventListener('offline', onOffline);
  });

  return {
    status,
    params,
    phase,
    failure,
    problem,
    lineLost,
    launching,
    nowMs,
    launch,
    checkNow,
    confirmPaid,
  };
}
