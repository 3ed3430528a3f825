/** Light or dark: as the system has it, until a person says otherwise on this machine. */

import { computed, ref, watchEffect } from 'vue';

export type Theme = 'system' | 'light' | 'dark';

const KEY = 'campkeeper.theme';
const system = window.matchMedia('(prefers-color-scheme: dark)');
const systemIsDark = ref(system.matches);

export const theme = ref<Theme>(kept());
export const isDark = computed(() =>
  theme.value === 'system' ? systemIsDark.value : theme.value === 'dark',
);

export function choose(next: Theme): void {
  theme.value = next;
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // A browser that keeps nothing: the choice holds until the page is closed.
  }
}

/** Called once; Element Plus and our own tokens both go by the class. */
export function followTheme(): void {
  system.addEventListener('change', (event) => (systemIsDark.value = event.matches));
  watchEffect(() => document.documentElement.classList.toggle('dark', isDark.value));
}

function kept(): Theme {
  try {
    const text = localStorage.getItem(KEY);
    return text === 'light' || text === 'dark' ? text : 'system';
  } catch {
    return 'system';
  }
}
