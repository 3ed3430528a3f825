import { describe, expect, it } from 'vitest';
import { arranged } from './calendar';

const row = (name: string, checkedInDays: number, eligible: boolean, planetUserId: string | null = null) => ({
  name,
  checkedInDays,
  requiredDays: 7,
  eligible,
  planetUserId,
});
const ROWS = [row('小明', 3, false, '300000000000007'), row('阿红', 8, true), row('Coco', 6, false)];
const names = (choice: Partial<Parameters<typeof arranged>[1]>) =>
  arranged(ROWS, { order: 'paid', text: '', isShort: false, ...choice }).map((one) => one.name);

describe('the calendar', () => {
  it('keeps the order of paying unless another is chosen', () => {
    expect(names({})).toEqual(['小明', '阿红', 'Coco']);
    expect(names({ order: 'nonsense' })).toEqual(['小明', '阿红', 'Coco']);
    expect(names({ order: 'days' })).toEqual(['阿红', 'Coco', '小明']);
  });

  it('shows the nearest miss first', () => {
    expect(names({ order: 'missing', isShort: true })).toEqual(['Coco', '小明']);
  });

  it('finds a part of a name, and a whole id', () => {
    expect(names({ text: 'co' })).toEqual(['Coco']);
    expect(names({ text: ' 300000000000007 ' })).toEqual(['小明']);
    expect(names({ text: '30000' })).toEqual([]);
  });
});
