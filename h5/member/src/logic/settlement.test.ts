import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { climb } from './settlement';

const salt = '00112233445566778899aabbccddeeff';
const sha = (...parts: Buffer[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();
const sum = (fen: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(fen));
  return bytes;
};
const leaf = sha(Buffer.from([0]), Buffer.from(`{"amountFen":9900,"result":"refunded","salt":"${salt}"}`));
const line = { result: 'refunded', amountFen: 9900, salt };

describe('climb', () => {
  it('makes the leaf of the canonical text', async () => {
    expect(await climb({ ...line, path: [] })).toEqual({ root: leaf.toString('hex'), sumFen: 9900 });
  });

  it('goes up on either side, sums and all', async () => {
    const [one, two] = [sha(Buffer.from('one')), sha(Buffer.from('two'))];
    const path = [
      { side: 'left', sumFen: 100, hash: one.toString('hex') },
      { side: 'right', sumFen: 5_000_000_000, hash: two.toString('hex') },
    ];
    const middle = sha(Buffer.from([1]), sum(100), one, sum(9900), leaf);
    const root = sha(Buffer.from([1]), sum(10_000), middle, sum(5_000_000_000), two);
    expect(await climb({ ...line, path })).toEqual({ root: root.toString('hex'), sumFen: 5_000_010_000 });
  });
});
