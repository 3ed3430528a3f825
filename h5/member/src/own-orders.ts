/** “我的”: the orders of `/me`, each with what its own pages would say about it. */

import type { CampSummary, Me, OwnOrder, Progress } from '@campkeeper/api';
import { api, orderBook, refreshMe } from './session';

export interface OwnOrderView {
  order: OwnOrder;
  /** Null before the payment, or when it could not be read just now. */
  progress: Progress | null;
  campName: string;
}

export interface OwnOrders {
  me: Me;
  views: OwnOrderView[];
}

/** Unpaid orders that have run out say nothing to a member. */
export async function loadOwnOrders(): Promise<OwnOrders> {
  const answer = await refreshMe();
  const orders = answer.orders.filter((order) => order.status !== 'closed');
  const needsNames = orders.some((order) => order.memberId === null);
  const camps = needsNames ? (await api.camps()).items : [];
  const views = await Promise.all(orders.map((order) => viewOf(order, camps)));
  return { me: answer, views };
}

async function viewOf(order: OwnOrder, camps: readonly CampSummary[]): Promise<OwnOrderView> {
  const progress = await progressOf(order);
  const campName =
    progress?.campName ??
    camps.find((camp) => camp.id === order.campId)?.name ??
    orderBook.find(order.orderNo)?.campName ??
    '训练营';
  return { order, progress, campName };
}

/** One unreadable progress must not hide the other orders; its card leads to the page. */
async function progressOf(order: OwnOrder): Promise<Progress | null> {
  if (order.memberId === null || order.accessToken === null) return null;
  try {
    return await api.progress(order.memberId, order.accessToken);
  } catch (error) {
    console.warn('a progress could not be read', error);
    return null;
  }
}
