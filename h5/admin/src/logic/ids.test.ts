import { describe, expect, it } from 'vitest';
import { idsIn } from './ids';

describe('pasted numbers', () => {
  it.each([
    ['', []],
    ['54231919143797', ['54231919143797']],
    ['小明\t54231919143797\n小红,88442211003355、５４２３１９１９１４３７９７', ['54231919143797', '88442211003355']],
    ['12 号', []],
    ['9007199254740993123', ['9007199254740993123']],
  ])('%j', (text, ids) => {
    expect(idsIn(text)).toEqual(ids);
  });
});
