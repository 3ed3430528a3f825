/** The questions of the two pages that members arrive at by link and code. */

import type { PlanetPrefillQuery } from '@campkeeper/api';
import type { RouteLocationNormalized } from 'vue-router';
import { earlyRequest } from './early-request';
import { api } from './session';

export const campList = earlyRequest(() => api.camps());
export const campDetail = earlyRequest((campId: number, prefill: PlanetPrefillQuery) =>
  api.camp(campId, prefill),
);

/** A personal link carries the planet user it was made for and our ticket. */
export function prefillOf(route: Pick<RouteLocationNormalized, 'query'>): PlanetPrefillQuery {
  const text = (name: string): string | undefined => {
    const value = route.query[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  return { planetUserId: text('planetUserId'), ticket: text('ticket') };
}
