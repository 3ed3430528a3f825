import { describe, expect, it } from 'vitest';
import { campSeries, MAX_CAMPS, monthSeries } from './charts';

describe('the charts of a report', () => {
  it('keep months in order, and a share of nobody empty', () => {
    const series = monthSeries([
      { month: '2026-01', members: 3, completionRate: 67 },
      { month: '2026-02', members: 0, completionRate: null },
    ]);
    expect(series.labels).toEqual(['2026-01', '2026-02']);
    expect(series.counts.values).toEqual([3, 0]);
    expect(series.shares.values).toEqual([67, null]);
  });

  it('show the newest camps, as time runs', () => {
    const camps = Array.from({ length: MAX_CAMPS + 5 }, (_, at) => ({ name: `营${at}`, enrolled: at, completionRate: 1 }));
    const series = campSeries(camps);
    expect(series.labels).toHaveLength(MAX_CAMPS);
    expect(series.labels.at(-1)).toBe('营0');
    expect(series.labels[0]).toBe(`营${MAX_CAMPS - 1}`);
  });
});
