/** Approving and rejecting many at once, in bodies that the server takes. */

import type { Schemas } from '@campkeeper/api';
import type { DryRun } from './components/ConfirmDryRun.vue';
import { chunksOf } from './logic/batch';
import { skippedLines } from './logic/errors';
import { api } from './session';

type Refund = Pick<Schemas.RefundView, 'id' | 'proposalHash'>;

export interface Approved {
  count: number;
  sumFen: number;
  /** Ids of what was let go. */
  ids: number[];
  skipped: Schemas.SkippedView[];
}

async function run(refunds: readonly Refund[], dryRun: boolean): Promise<Approved> {
  const all: Approved = { count: 0, sumFen: 0, ids: [], skipped: [] };
  for (const chunk of chunksOf(refunds)) {
    const items = chunk.map(({ id, proposalHash }) => ({ id, proposalHash }));
    const done = await api.approveRefunds({ items, dryRun });
    const left = new Set(done.skipped.map(({ id }) => id));
    all.count += done.approved;
    all.sumFen += done.sumFen;
    all.ids.push(...chunk.map(({ id }) => id).filter((id) => !left.has(id)));
    all.skipped.push(...done.skipped);
  }
  return all;
}

/** What the server says would happen. */
export async function tryApproving(refunds: readonly Refund[]): Promise<DryRun> {
  const outlook = await run(refunds, true);
  return {
    count: outlook.count,
    sumFen: outlook.sumFen,
    skipped: skippedLines(outlook.skipped),
  };
}

export function approve(refunds: readonly Refund[]): Promise<Approved> {
  return run(refunds, false);
}

/** How many are on their way again, and what was left out. */
export async function retry(ids: readonly number[]) {
  const all = { retried: 0, skipped: [] as Schemas.SkippedView[] };
  for (const chunk of chunksOf(ids)) {
    const done = await api.retryRefunds(chunk);
    all.retried += done.retried;
    all.skipped.push(...done.skipped);
  }
  return { retried: all.retried, skipped: skippedLines(all.skipped) };
}

/** How many, and what was left out. */
export async function reject(ids: readonly number[], reason: string) {
  let rejected = 0;
  const skipped: Schemas.SkippedView[] = [];
  for (const chunk of chunksOf(ids, 2000)) {
    const done = await api.rejectRefunds(chunk, reason);
    rejected += done.rejected;
    skipped.push(...done.skipped);
  }
  return { rejected, skipped: skippedLines(skipped) };
}
