import { afterEach, describe, expect, it, vi } from 'vitest';
import { effectScope } from 'vue';
import { onReturn } from './returning';

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('onReturn', () => {
  it('hears of every way back, and of nothing once the page is gone', () => {
    const page = Object.assign(new EventTarget(), { visibilityState: 'hidden' });
    vi.stubGlobal('document', page);
    vi.stubGlobal('window', new EventTarget());
    const comeBack = vi.fn();
    const scope = effectScope();
    scope.run(() => onReturn(comeBack));
    const show = (persisted: boolean): Event => Object.assign(new Event('pageshow'), { persisted });

    page.dispatchEvent(new Event('visibilitychange'));
    window.dispatchEvent(show(false));
    expect(comeBack).not.toHaveBeenCalled();

    page.visibilityState = 'visible';
    page.dispatchEvent(new Event('visibilitychange'));
    window.dispatchEvent(show(true));
    expect(comeBack).toHaveBeenCalledTimes(2);

    scope.stop();
    page.dispatchEvent(new Event('visibilitychange'));
    expect(comeBack).toHaveBeenCalledTimes(2);
  });
});
