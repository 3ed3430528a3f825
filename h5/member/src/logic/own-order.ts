/** What a person's orders mean for their place in a camp. */

import type { OwnOrder } from '@campkeeper/api';

/** Paid, but of another amount, a second time or too late: no place until a person has looked. */
export function isUnderReview(order: Pick<OwnOrder, 'status' | 'memberId' | 'refund'>): boolean {
  return order.status === 'paid' && order.memberId === null && !isDecided(order.refund);
}

/** Whether people have said what becomes of the money. */
function isDecided(refund: NonNullable<OwnOrder['refund']> | null): boolean {
  return refund !== null && refund.status !== 'pending' && refund.status !== 'awaiting_second';
}

/**
 * The order that stands for a person in a camp: the one that gave them their place, else one that
 * staff are looking at, else one that waits to be paid. What has gone back, or was decided without
 * giving a place, stands in nobody's way; whether one may enrol again is the server's to say.
 */
export function ownOrderOf(campId: number, orders: readonly OwnOrder[]): OwnOrder | null {
  const ofCamp = orders.filter((order) => order.campId === campId);
  return (
    ofCamp.find((order) => order.memberId !== null && isLive(order)) ??
    ofCamp.find(isUnderReview) ??
    ofCamp.find((order) => order.status === 'created') ??
    null
  );
}

function isLive(order: OwnOrder): boolean {
  return order.status === 'paid' || order.status === 'refunding';
}

/** The order by which a person is, or was, in a camp. */
export function placeIn(campId: number, orders: readonly OwnOrder[]): OwnOrder | null {
  return orders.find((order) => order.campId === campId && order.memberId !== null) ?? null;
}
