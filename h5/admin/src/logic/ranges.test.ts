import { describe, expect, it } from 'vitest';
import { monthOf, nameOf } from './ranges';

describe('ranges', () => {
  it('are whole months, over the turn of a year', () => {
    expect(monthOf('2026-02-14')).toEqual({ from: '2026-02-01', to: '2026-02-28' });
    expect(monthOf('2026-01-31', 1)).toEqual({ from: '2025-12-01', to: '2025-12-31' });
    expect(monthOf('2024-03-31', 1)).toEqual({ from: '2024-02-01', to: '2024-02-29' });
  });

  it('have names', () => {
    expect(nameOf(monthOf('2026-02-14'), '2026-02-01')).toBe('this');
    expect(nameOf(monthOf('2026-02-14', 1), '2026-02-01')).toBe('last');
    expect(nameOf({ from: '2026-02-02', to: '2026-02-28' }, '2026-02-01')).toBe('custom');
    expect(nameOf({ from: '2026-02-02' }, '2026-02-01')).toBe('custom');
    expect(nameOf({}, '2026-02-01')).toBe('all');
  });
});
