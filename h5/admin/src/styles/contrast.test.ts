import { describe, expect, it } from 'vitest';
import tokens from './tokens.css?raw';

/** WCAG 2.1, 1.4.3, level AA, for text of ordinary size. */
const ENOUGH = 4.5;
const THEMES = {
  light: /:root \{([^}]*)\}/.exec(tokens)?.[1] ?? '',
  dark: /html\.dark \{([^}]*)\}/.exec(tokens)?.[1] ?? '',
};
type Theme = keyof typeof THEMES;

function luminance(theme: Theme, name: string): number {
  const hex = name.startsWith('#')
    ? name.slice(1)
    : (new RegExp(`--${name}: #([0-9a-f]{3,6});`).exec(THEMES[theme])?.[1] ?? '');
  const full = hex.length === 3 ? hex.replace(/./g, '$&$&') : hex;
  expect(full, name).toHaveLength(6);
  const [red = 0, green = 0, blue = 0] = [0, 2, 4]
    .map((at) => parseInt(full.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(theme: Theme, one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(theme, one), luminance(theme, other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

describe.each(['light', 'dark'] as const)('text can be read in %s', (theme) => {
  it.each(
    ['ink', 'ink-soft', 'ink-faint', 'brand', 'amber', 'red'].flatMap((text) =>
      ['surface', 'ground', 'hover'].map((ground) => [text, ground] as const),
    ),
  )('%s on %s', (text, ground) => {
    expect(contrast(theme, text, ground)).toBeGreaterThanOrEqual(ENOUGH);
  });

  it.each([
    ['amber', 'amber-soft'],
    ['red', 'red-soft'],
    ['green', 'green-soft'],
    ['brand', 'brand-soft'],
    ['ink', 'brand-soft'],
    ['ink-soft', 'grey-soft'],
    ['#ffffff', 'el-color-primary'],
  ])('%s on %s', (text, ground) => {
    expect(contrast(theme, text, ground)).toBeGreaterThanOrEqual(ENOUGH);
  });
});
