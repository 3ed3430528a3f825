/** The numbers of a report as charts take them. */

/** Camps of the comparison: more would be a wall. */
export const MAX_CAMPS = 20;

export interface Series {
  labels: string[];
  counts: { name: string; values: number[] };
  /** In percent; null of none. */
  shares: { name: string; values: (number | null)[] };
}

interface Month {
  month: string;
  members: number;
  completionRate?: number | null;
}

interface Camp {
  name: string;
  enrolled: number;
  completionRate?: number | null;
}

export function monthSeries(months: readonly Month[]): Series {
  return {
    labels: months.map(({ month }) => month),
    counts: { name: '参与人数', values: months.map(({ members }) => members) },
    shares: { name: '完成率', values: months.map(({ completionRate }) => completionRate ?? null) },
  };
}

/** The newest camps, the oldest of them first, as time runs. */
export function campSeries(camps: readonly Camp[]): Series {
  const shown = camps.slice(0, MAX_CAMPS).reverse();
  return {
    labels: shown.map(({ name }) => name),
    counts: { name: '报名人数', values: shown.map(({ enrolled }) => enrolled) },
    shares: { name: '完成率', values: shown.map(({ completionRate }) => completionRate ?? null) },
  };
}
