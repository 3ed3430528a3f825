/** One load of a page: its data, its failure, and a way to try again. */

import { ref, shallowRef, type Ref, type ShallowRef } from 'vue';

export interface Loading<Data> {
  data: ShallowRef<Data | null>;
  error: ShallowRef<unknown>;
  busy: Ref<boolean>;
  load: () => Promise<void>;
}

/** What is on the screen stays there while it is loaded anew; the last load started wins. */
export function useLoading<Data>(fetchData: () => Promise<Data>): Loading<Data> {
  const data = shallowRef<Data | null>(null);
  const error = shallowRef<unknown>(null);
  const busy = ref(false);
  let loads = 0;

  async function load(): Promise<void> {
    const mine = ++loads;
    busy.value = true;
    try {
      const fetched = await fetchData();
      if (mine !== loads) return;
      data.value = fetched;
      error.value = null;
    } catch (reason) {
      if (mine === loads) error.value = reason;
    } finally {
      if (mine === loads) busy.value = false;
    }
  }

  return { data, error, busy, load };
}
