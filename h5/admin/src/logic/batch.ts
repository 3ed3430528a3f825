/** What becomes of a batch: counted from the list, so that a page can tell while it goes on. */

export interface Progress {
  waiting: number;
  processing: number;
  succeeded: number;
  failed: number;
  /** Withdrawn, rejected or closed since. */
  other: number;
}

export const NO_PROGRESS: Progress = { waiting: 0, processing: 0, succeeded: 0, failed: 0, other: 0 };

const CLASS: Record<string, keyof Progress> = {
  approved: 'waiting',
  awaiting_second: 'waiting',
  processing: 'processing',
  // It is tried again by itself.
  failed: 'processing',
  success: 'succeeded',
  manual_required: 'failed',
};

/** Counts the statuses of a batch. */
export function countProgress(statuses: Iterable<string>): Progress {
  const progress = { ...NO_PROGRESS };
  for (const status of statuses) progress[CLASS[status] ?? 'other'] += 1;
  return progress;
}

/** Nothing of it changes by itself any more; what waits for a second approver does not, either. */
export function isAtRest(statuses: Iterable<string>): boolean {
  return ![...statuses].some((status) =>
    ['approved', 'processing', 'failed'].includes(status),
  );
}

/** The server takes bodies of 64 KiB: so many pairs of number and hash fit with room to spare. */
export const CHUNK = 300;

export function chunksOf<Item>(items: readonly Item[], size: number = CHUNK): Item[][] {
  const chunks: Item[][] = [];
  for (let at = 0; at < items.length; at += size) chunks.push(items.slice(at, at + size));
  return chunks;
}
