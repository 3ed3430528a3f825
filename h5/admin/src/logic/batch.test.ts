import { describe, expect, it } from 'vitest';
import { CHUNK, chunksOf, countProgress, isAtRest } from './batch';

describe('a batch under way', () => {
  it('is counted by outcome', () => {
    const statuses = ['approved', 'processing', 'failed', 'success', 'success', 'manual_required', 'pending'];
    expect(countProgress(statuses)).toEqual({
      waiting: 1,
      processing: 2,
      succeeded: 2,
      failed: 1,
      other: 1,
    });
  });

  it.each([
    [['success', 'manual_required', 'rejected'], true],
    [['success', 'approved'], false],
    [['failed'], false],
    [['awaiting_second', 'pending'], true],
    [[], true],
  ])('%j rests: %s', (statuses, rests) => {
    expect(isAtRest(statuses)).toBe(rests);
  });

  it('fits into the bodies that the server takes', () => {
    const items = Array.from({ length: 1000 }, (_, id) => ({
      id: 9_000_000_000 + id,
      proposalHash: 'f'.repeat(64),
    }));
    const chunks = chunksOf(items);
    expect(chunks.flat()).toEqual(items);
    for (const chunk of chunks) {
      expect(chunk.length).toBeLessThanOrEqual(CHUNK);
      expect(JSON.stringify({ items: chunk, dryRun: true }).length).toBeLessThan(64 * 1024);
    }
  });
});
