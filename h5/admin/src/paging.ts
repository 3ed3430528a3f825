/** Rows that are all here already, shown a page at a time. */

import { computed, ref, watch, type Ref } from 'vue';
import { PAGE_SIZES } from './logic/filters';

export function usePaging<Row>(rows: Ref<readonly Row[]>) {
  const page = ref(1);
  const size = ref<number>(PAGE_SIZES[0] ?? 20);
  // Other rows begin at their first page.
  watch(rows, () => (page.value = 1), { flush: 'sync' });

  return {
    page,
    size,
    total: computed(() => rows.value.length),
    shown: computed(() => rows.value.slice((page.value - 1) * size.value, page.value * size.value)),
    turn: (to: number) => (page.value = to),
    resize: (to: number) => {
      size.value = to;
      page.value = 1;
    },
  };
}
