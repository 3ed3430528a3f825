import { describe, expect, it } from 'vitest';
import { climb } from './settlement';

const line = { result: 'refunded', amountFen: 9900, salt: '00112233445566778899aabbccddeeff' };
// `domain::settlement` has the same ones: server and page make the same hashes.
const LEAF = 'b1ea542adb0ebf06b2857a86c25295662e2827fa3ac36d69eab4ba0ff1ea1d62';
const ROOT = 'd5dd857def3fef84dd4627e1c485c557744f0b45e04b3538e8f0500a131a26b9';

describe('climb', () => {
  it('makes the leaf of the canonical text', async () => {
    expect(await climb({ ...line, path: [] })).toEqual({ root: LEAF, sumFen: 9900 });
  });

  it('goes up on either side, sums and all', async () => {
    const path = [
      { side: 'left', sumFen: 100, hash: '11'.repeat(32) },
      { side: 'right', sumFen: 5_000_000_000, hash: '22'.repeat(32) },
    ];
    expect(await climb({ ...line, path })).toEqual({ root: ROOT, sumFen: 5_000_010_000 });
  });
});
