import { describe, expect, it } from 'vitest';
import tokens from './tokens.css?raw';

/** WCAG 2.1, 1.4.3, level AA, for text of ordinary size. */
const ENOUGH = 4.5;

function colour(name: string): number[] {
  const hex = new RegExp(`--${name}: #([0-9a-f]{3,6});`).exec(tokens)?.[1] ?? '';
  const full = hex.length === 3 ? hex.replace(/./g, '$&$&') : hex;
  expect(full, name).toHaveLength(6);
  return [0, 2, 4].map((at) => parseInt(full.slice(at, at + 2), 16) / 255);
}

function luminance(name: string): number {
  const [red = 0, green = 0, blue = 0] = colour(name).map((part) =>
    part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4,
  );
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

describe('text can be read', () => {
  it.each(
    ['ink', 'ink-soft', 'ink-faint', 'brand'].flatMap((text) =>
      ['surface', 'ground', 'brand-soft'].map((ground) => [text, ground] as const),
    ),
  )('%s on %s', (text, ground) => {
    expect(contrast(text, ground)).toBeGreaterThanOrEqual(ENOUGH);
  });

  it.each([
    ['amber', 'amber-soft'],
    ['red', 'red-soft'],
    ['brand-deep', 'brand-soft'],
    ['surface', 'brand'],
  ])('%s on %s', (text, ground) => {
    expect(contrast(text, ground)).toBeGreaterThanOrEqual(ENOUGH);
  });
});
