/**
 * What this phone knows of its orders: the access token of each, and the few facts that
 * the paying page needs after a trip to the cashier. `/me` fills it on a new phone.
 */

import type { OwnOrder, Payment, PaymentChannel } from '@campkeeper/api';
import { isRecord, jsonStore } from './json-store';

export interface OrderRecord {
  orderNo: string;
  /** Null for a payment of ours that belongs to no camp. */
  campId: number | null;
  campName: string | null;
  memberId: number | null;
  accessToken: string | null;
  amountFen: number | null;
  channel: PaymentChannel | null;
  expiresAt: string | null;
}

type Book = Record<string, OrderRecord>;

export type OrderBook = ReturnType<typeof createOrderBook>;

export function createOrderBook(storage: () => Storage = () => localStorage) {
  const store = jsonStore<Book>(storage, 'campkeeper.orders', isBook);
  const all = (): Book => store.read() ?? {};
  const save = (record: OrderRecord): void => {
    store.write({ ...all(), [record.orderNo]: record });
  };

  return {
    find: (orderNo: string): OrderRecord | null => all()[orderNo] ?? null,

    findByMember: (memberId: number): OrderRecord | null =>
      Object.values(all()).find((record) => record.memberId === memberId) ?? null,

    /** A payment was just ordered here. */
    addPayment(payment: Payment, campId: number, campName: string): void {
      const known = all()[payment.orderNo];
      save({
        orderNo: payment.orderNo,
        campId,
        campName,
        memberId: known?.memberId ?? null,
        accessToken: known?.accessToken ?? null,
        amountFen: payment.amountFen,
        channel: payment.channel,
        expiresAt: payment.expiresAt,
      });
    },

    /** The server named an order of this session; its word replaces what was stored. */
    mergeOwn(own: Pick<OwnOrder, 'orderNo' | 'campId' | 'memberId' | 'accessToken'>): void {
      const known = all()[own.orderNo];
      save({
        orderNo: own.orderNo,
        campId: own.campId,
        campName: known?.campName ?? null,
        memberId: own.memberId,
        accessToken: own.accessToken,
        amountFen: known?.amountFen ?? null,
        channel: known?.channel ?? null,
        expiresAt: known?.expiresAt ?? null,
      });
    },
  };
}

function isBook(value: unknown): value is Book {
  return isRecord(value) && Object.values(value).every(isOrderRecord);
}

function isOrderRecord(value: unknown): value is OrderRecord {
  return (
    isRecord(value) &&
    typeof value['orderNo'] === 'string' &&
    orNull(value['campId'], 'number') &&
    orNull(value['campName'], 'string') &&
    orNull(value['memberId'], 'number') &&
    orNull(value['accessToken'], 'string') &&
    orNull(value['amountFen'], 'number') &&
    orNull(value['channel'], 'string') &&
    orNull(value['expiresAt'], 'string')
  );
}

function orNull(value: unknown, type: 'string' | 'number'): boolean {
  return value === null || typeof value === type;
}
