/** Amounts: integers in fen inside, yuan only where a member reads them. */

/** `9900` → `99`, `9950` → `99.5`, `9905` → `99.05`: no trailing zeros, no floats. */
export function formatYuan(amountFen: number): string {
  if (!Number.isSafeInteger(amountFen)) {
    throw new RangeError('an amount in fen is a whole number');
  }
  const sign = amountFen < 0 ? '-' : '';
  const fen = Math.abs(amountFen);
  const cents = String(fen % 100)
    .padStart(2, '0')
    .replace(/0+$/, '');
  const yuan = String((fen - (fen % 100)) / 100);
  return cents === '' ? `${sign}${yuan}` : `${sign}${yuan}.${cents}`;
}
