import type { Schemas } from '@campkeeper/api';
import { describe, expect, it } from 'vitest';
import { outlookBy } from './what-if';

const view: Schemas.WhatIfView = { eligible: 1, wouldBeEligible: 2, flips: [], sumFen: 9900, proposed: null, skipped: [] };
const looked = { rules: { requiredDays: 6, graceDays: 1 }, view };

describe('what was looked at', () => {
  it('is shown while its rules are the ones that are typed', () => {
    expect(outlookBy(looked, { requiredDays: 6, graceDays: 1 })).toBe(view);
  });

  it('is nothing once other rules are typed, even where the answer comes afterwards', () => {
    expect(outlookBy(looked, { requiredDays: 5, graceDays: 1 })).toBeNull();
    expect(outlookBy(looked, { requiredDays: 6, graceDays: 2 })).toBeNull();
    expect(outlookBy(null, { requiredDays: 6, graceDays: 1 })).toBeNull();
  });
});
