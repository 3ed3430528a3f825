/** A list whose filters and page live in the address. */

import type { Filters, ListPage } from '@campkeeper/api';
import { useLoading } from '@campkeeper/api/loading';
import { computed, watch } from 'vue';
import { useRoute, useRouter } from 'vue-router';
import { type FilterField, keysOf, readState, toRequest, writeState } from './logic/filters';

interface Options {
  fields: readonly FilterField[];
  /** What the list is narrowed to where the address says nothing. */
  defaults?: Record<string, string>;
  /** Asked of the server besides, and not in the address. */
  always?: () => Filters;
}

export function useListing<Item>(
  fetchPage: (filters: Filters) => Promise<ListPage<Item>>,
  { fields, defaults = {}, always = () => ({}) }: Options,
) {
  const route = useRoute();
  const router = useRouter();
  const keys = keysOf(fields);
  const ownPath = route.path;
  const state = computed(() => readState(route.query, keys, defaults));
  const request = computed<Filters>(() => ({ ...toRequest(state.value), ...always() }));
  const { data, error, busy, load } = useLoading(() => fetchPage(request.value));

  function go(change: Partial<typeof state.value>): void {
    const others = Object.entries(route.query).filter(
      ([key]) => !keys.includes(key) && key !== 'page' && key !== 'size',
    );
    const query = writeState({ ...state.value, ...change }, defaults);
    void router.push({ path: route.path, query: { ...Object.fromEntries(others), ...query } });
  }

  watch(
    () => JSON.stringify(request.value),
    () => {
      // While another page is on its way in, the address is no longer this list's.
      if (route.path === ownPath) void load();
    },
    { immediate: true },
  );

  return {
    rows: computed(() => data.value?.items ?? []),
    total: computed(() => data.value?.total ?? 0),
    isLoaded: computed(() => data.value !== null),
    state,
    request,
    error,
    busy,
    load,
    /** Another filter begins at the first page. */
    narrow: (filters: Record<string, string>) => go({ filters, page: 1 }),
    turn: (page: number) => go({ page }),
    resize: (size: number) => go({ size, page: 1 }),
  };
}
