/** Coming back to a page: from another app or tab, or by the browser's back button. */

import { onScopeDispose } from 'vue';

/** Calls `comeBack` whenever the page is looked at again. It may be called twice for one return. */
export function onReturn(comeBack: () => void): void {
  const onVisible = (): void => {
    if (document.visibilityState === 'visible') comeBack();
  };
  // A page that the browser kept as it was starts no script anew.
  const onShow = (event: PageTransitionEvent): void => {
    if (event.persisted) comeBack();
  };
  document.addEventListener('visibilitychange', onVisible);
  window.addEventListener('pageshow', onShow);
  onScopeDispose(() => {
    document.removeEventListener('visibilitychange', onVisible);
    window.removeEventListener('pageshow', onShow);
  });
}
