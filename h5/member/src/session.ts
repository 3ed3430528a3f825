/**
 * Who this browser is to the server, and the orders it may see. One question at a time,
 * shared by every page; access tokens go to the order book as they arrive.
 */

import { createMemberApi, type Me } from '@campkeeper/api';
import { shallowRef, type Ref } from 'vue';
import { detectBrowser, type Browser } from './logic/browser';
import { errorWord } from './logic/error-texts';
import { createOrderBook, type OrderRecord } from './storage/order-book';

export const api = createMemberApi();
export const orderBook = createOrderBook();
export const browser: Browser = detectBrowser(navigator);

/** The last answer of `/me`; null until there is one. */
export const me: Ref<Me | null> = shallowRef(null);

let asking: Promise<Me> | null = null;

export function refreshMe(): Promise<Me> {
  asking ??= api
    .me()
    .then((answer) => {
      answer.orders.forEach((order) => orderBook.mergeOwn(order));
      me.value = answer;
      return answer;
    })
    .finally(() => {
      asking = null;
    });
  return asking;
}

export async function ensureMe(): Promise<Me> {
  return me.value ?? (await refreshMe());
}

export interface Access {
  accessToken: string;
  orderNo: string;
  memberId: number | null;
}

/**
 * Calls with the token this phone holds; if there is none or the server no longer takes
 * it, `/me` is asked once for a fresh one. Null: the order is nobody's we know.
 */
export async function withAccess<Answer>(
  find: () => OrderRecord | null,
  call: (access: Access) => Promise<Answer>,
): Promise<Answer | null> {
  const held = accessOf(find());
  let trouble: unknown = null;
  if (held !== null) {
    try {
      return await call(held);
    } catch (error) {
      if (!isTokenTrouble(error)) throw error;
      trouble = error;
    }
  }
  await refreshMe();
  const fresh = accessOf(find());
  if (fresh !== null && fresh.accessToken !== held?.accessToken) return await call(fresh);
  // Its time is over, for good: no sign-in brings it back.
  if (errorWord(trouble) === 'token_expired') throw trouble;
  return null;
}

function accessOf(record: OrderRecord | null): Access | null {
  if (record?.accessToken == null) return null;
  return {
    accessToken: record.accessToken,
    orderNo: record.orderNo,
    memberId: record.memberId,
  };
}

function isTokenTrouble(error: unknown): boolean {
  const word = errorWord(error);
  return (
    word === 'unauthenticated' ||
    word === 'token_invalid' ||
    word === 'token_expired' ||
    word === 'not_your_order'
  );
}
