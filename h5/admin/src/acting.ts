/** A button that does something: busy while it does, and a word about how it went. */

import { ElMessage } from 'element-plus/es/components/message/index';
import 'element-plus/es/components/message/style/css';
import { ref } from 'vue';
import { errorText } from './logic/errors';

export function tell(text: string, type: 'success' | 'warning' | 'error' = 'success'): void {
  ElMessage({ message: text, type, grouping: true, duration: type === 'success' ? 2500 : 5000 });
}

export function useActing() {
  const busy = ref<string | null>(null);

  /** True if it went well. `key` tells which of several buttons turns. */
  async function act(key: string, done: string, run: () => Promise<unknown>): Promise<boolean> {
    if (busy.value !== null) return false;
    busy.value = key;
    try {
      await run();
      if (done !== '') tell(done);
      return true;
    } catch (reason) {
      tell(errorText(reason), 'error');
      return false;
    } finally {
      busy.value = null;
    }
  }

  return { busy, act };
}
