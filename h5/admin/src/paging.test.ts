import { describe, expect, it } from 'vitest';
import { shallowRef } from 'vue';
import { usePaging } from './paging';

describe('rows that are here already', () => {
  const rows = shallowRef(Array.from({ length: 45 }, (_, at) => at));

  it('are shown a page at a time', () => {
    const paging = usePaging(rows);
    paging.resize(20);
    expect(paging.total.value).toBe(45);
    expect(paging.shown.value.at(0)).toBe(0);
    expect(paging.shown.value).toHaveLength(20);
    paging.turn(3);
    expect(paging.shown.value).toEqual([40, 41, 42, 43, 44]);
  });

  it('begin at the first page with another size and with other rows', () => {
    const paging = usePaging(rows);
    paging.resize(20);
    paging.turn(3);
    paging.resize(50);
    expect(paging.page.value).toBe(1);
    paging.turn(2);
    rows.value = [7];
    expect(paging.shown.value).toEqual([7]);
  });
});
