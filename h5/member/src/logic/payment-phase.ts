/** What the paying page shows, from what the server says and what the member has done. */

import type { BindStatus, OrderStatus, PaymentChannel, PaymentParams } from '@campkeeper/api';

export type PaymentPhase =
  /** Nothing asked of the platform yet, or the code is on the screen. */
  | 'ready'
  /** The member was sent to pay; the notification may still be on its way. */
  | 'confirming'
  | 'cancelled'
  | 'failed'
  /** The member is back from the cashier, and WeChat Pay knows of no payment. */
  | 'unpaid'
  /** Nobody can pay it any more, though the server has not closed it yet. */
  | 'expired'
  | 'paid'
  | 'closed';

export type LocalOutcome = 'none' | 'launched' | 'ok' | 'cancel' | 'fail' | 'unpaid';

/** The server's word stands above anything the web view reported. */
export function paymentPhase(
  status: OrderStatus,
  local: LocalOutcome,
  isExpired = false,
): PaymentPhase {
  if (status === 'closed') return 'closed';
  if (status !== 'created') return 'paid';
  // Whoever says that they have just paid is waited for beyond the end.
  if (isExpired && local !== 'ok') return 'expired';
  switch (local) {
    case 'none':
      return 'ready';
    case 'launched':
    case 'ok':
      return 'confirming';
    case 'unpaid':
      return 'unpaid';
    case 'cancel':
      return 'cancelled';
    case 'fail':
      return 'failed';
  }
}

/** Whether an order's half hour is over, by the server's clock; what is not known has not passed. */
export function hasExpired(expiresAt: string | null, nowMs: number | null): boolean {
  return expiresAt !== null && nowMs !== null && Date.parse(expiresAt) <= nowMs;
}

/** Which channel the parameters at hand belong to. */
export function channelOf(params: PaymentParams): PaymentChannel | null {
  if (params.payParams != null) return 'jsapi';
  if (params.codeUrl != null) return 'native';
  if (params.h5Url != null) return 'h5';
  return null;
}

/**
 * The cashier's address with the way back, which the page appends as a query parameter
 * (wechat-pay-v3 §4). The rest of the address stays as it came, byte for byte.
 */
export function withReturnAddress(h5Url: string, returnUrl: string): string {
  if (/[?&]redirect_url=/.test(h5Url)) return h5Url;
  const joint = h5Url.includes('?') ? '&' : '?';
  return `${h5Url}${joint}redirect_url=${encodeURIComponent(returnUrl)}`;
}

/**
 * Where a member goes once paid: bound people to the group, others to the binding page,
 * which also says what has become of a binding that ran out or was closed.
 */
export function afterPayment(bindStatus: BindStatus): 'group' | 'bind' {
  return bindStatus === 'completed' ? 'group' : 'bind';
}

const FAST_POLL_MS = 2_000;
const SLOW_POLL_MS = 5_000;
const FAST_POLLS = 15;

/** Half a minute of quick questions, then slower: one order stays far below the rate limit. */
export function pollDelayMs(pollsDone: number): number {
  return pollsDone < FAST_POLLS ? FAST_POLL_MS : SLOW_POLL_MS;
}
