/** Ordering a payment from a camp's form, and handing it to the paying page. */

import type { CampSummary, Payment, PaymentChannel } from '@campkeeper/api';
import { toPaymentRequest, type EnrollmentDraft } from '../logic/enrollment-form';
import { withReturnAddress } from '../logic/payment-phase';
import { api, orderBook } from '../session';

/**
 * Orders just made, for the paying page to launch once. A reload or the way back from the
 * cashier finds none here, so that nobody is sent to pay twice.
 */
const fresh = new Map<string, Payment>();

export async function orderPayment(
  camp: Pick<CampSummary, 'id' | 'name'>,
  channel: PaymentChannel,
  draft: EnrollmentDraft,
): Promise<Payment> {
  const payment = await api.pay(toPaymentRequest(camp.id, channel, draft));
  orderBook.addPayment(payment, camp.id, camp.name);
  fresh.set(payment.orderNo, payment);
  return payment;
}

/** True once, and only for an order that this page load has just made. */
export function isFreshPayment(orderNo: string): boolean {
  return fresh.has(orderNo);
}

export function takeFreshPayment(orderNo: string): Payment | null {
  const payment = fresh.get(orderNo) ?? null;
  fresh.delete(orderNo);
  return payment;
}

/** Marks the address that the cashier sends the member back to. */
export const FROM_CASHIER = 'cashier';

/** Leaves for WeChat Pay's cashier page, which comes back to the paying page. */
export function openCashier(h5Url: string): void {
  const here = `${location.origin}${location.pathname}?from=${FROM_CASHIER}`;
  location.assign(withReturnAddress(h5Url, here));
}
