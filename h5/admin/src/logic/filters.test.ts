import { describe, expect, it } from 'vitest';
import { ALL, keysOf, readState, toRequest, writeState } from './filters';

const KEYS = ['status', 'campId', 'from', 'to'];
const DEFAULTS = { status: 'pending' };

describe('filters in the address', () => {
  it('knows the keys of a bar', () => {
    expect(
      keysOf([
        { kind: 'camp', key: 'campId', label: '' },
        { kind: 'days', key: 'days', label: '' },
      ]),
    ).toEqual(['campId', 'from', 'to']);
  });

  it('opens what a card links to', () => {
    const state = readState({ campId: '3' }, KEYS, DEFAULTS);
    expect(toRequest(state)).toEqual({ status: 'pending', campId: '3', page: '1', size: '50' });
  });

  it.each([
    {},
    { campId: '3' },
    { campId: '3', status: ALL, page: '4', size: '100' },
    { status: 'failed', from: '2026-11-01', to: '2026-11-30' },
  ])('reads back what it wrote: %j', (query) => {
    expect(writeState(readState(query, KEYS, DEFAULTS), DEFAULTS)).toEqual(query);
  });

  it('says so where a default is taken away', () => {
    const state = readState({}, KEYS, DEFAULTS);
    state.filters['status'] = '';
    expect(writeState(state, DEFAULTS)).toEqual({ status: ALL });
    expect(toRequest(readState({ status: ALL }, KEYS, DEFAULTS))).not.toHaveProperty('status');
  });

  it.each([
    [{ page: '0' }, 1, 50],
    [{ page: '-3', size: '9999' }, 1, 50],
    [{ page: 'x', size: '20' }, 1, 20],
    [{ page: ['2', '3'], size: null }, 2, 50],
  ])('makes sense of %j', (query, page, size) => {
    expect(readState(query, KEYS)).toMatchObject({ page, size });
  });

  it('leaves alone what is not its own', () => {
    expect(readState({ debug: '1', status: '  ' }, KEYS).filters).toEqual({});
  });
});
