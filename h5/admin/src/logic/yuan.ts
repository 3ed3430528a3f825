/** Amounts that a person types: yuan in, fen out, and no float between. */

import type { Filters } from '@campkeeper/api';

const YUAN = /^(\d{1,7})(?:\.(\d{1,2}))?$/;

/** `99.5` → 9950; null for what is no amount. Full-width digits and a ¥ are taken as meant. */
export function parseYuan(text: string): number | null {
  const plain = text.normalize('NFKC').replace(/[¥￥,\s]/g, '');
  const match = YUAN.exec(plain);
  if (match === null) return null;
  return Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0'));
}

/** A list's `minYuan` and `maxYuan` as the server takes them; null where one is no amount. */
export function inFen({ minYuan = '', maxYuan = '', ...others }: Filters): Filters | null {
  const asked: Filters = { ...others };
  for (const [name, text] of [['minFen', minYuan], ['maxFen', maxYuan]] as const) {
    if (text.trim() === '') continue;
    const amount = parseYuan(text);
    if (amount === null) return null;
    asked[name] = String(amount);
  }
  return asked;
}
