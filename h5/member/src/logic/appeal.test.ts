import type { Progress } from '@campkeeper/api';
import { describe, expect, it } from 'vitest';
import { objectable } from './appeal';

const REJECTED_AT = '2026-11-22T10:00:00+08:00';
const progress = (appeal: object | null, fields: object = {}): Progress =>
  ({
    refund: { status: 'rejected', decidedAt: REJECTED_AT },
    next: { what: 'object', who: 'you', until: '2026-11-29T10:00:00+08:00' },
    appeal,
    ...fields,
  }) as unknown as Progress;
const refused = { kind: 'rejection', status: 'refused' };

describe('what may be objected to', () => {
  it('is a rejection, until an objection to it is answered', () => {
    expect(objectable(progress(null))?.kind).toBe('rejection');
    expect(objectable(progress({ ...refused, at: '2026-11-22T11:00:00+08:00' }))).toBeNull();
    // In the same moment, as the server takes it.
    expect(objectable(progress({ ...refused, at: REJECTED_AT }))).toBeNull();
  });

  it('is a second rejection, whatever was answered about the first', () => {
    const before = { ...refused, status: 'accepted', at: '2026-11-21T09:00:00+08:00' };
    expect(objectable(progress(before))?.kind).toBe('rejection');
    // By the moment and not by the text: the offsets may differ.
    const later = { ...refused, at: '2026-11-22T02:30:00Z' };
    expect(objectable(progress(later))).toBeNull();
  });

  it('is a verdict, once', () => {
    const verdict = { kind: 'verdict', status: 'refused', at: '2026-11-21T09:00:00+08:00' };
    expect(objectable(progress(null, { refund: null }))?.kind).toBe('verdict');
    expect(objectable(progress(verdict, { refund: null }))).toBeNull();
    expect(objectable(progress(verdict))?.kind).toBe('rejection');
  });

  it('is nothing while the deposit waits for something else', () => {
    expect(objectable(progress(null, { next: { what: 'decide', who: 'staff', until: null } }))).toBeNull();
  });
});
