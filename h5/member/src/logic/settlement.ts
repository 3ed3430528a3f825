/** Proving one's own line of a settlement page: the same hashes as the server's, made here. */

export interface ProofStep {
  side: string;
  sumFen: number;
  hash: string;
}

export interface ProofLine {
  result: string;
  amountFen: number;
  salt: string;
  path: readonly ProofStep[];
}

/** Whether this browser can make SHA-256: an old one, or a page without https, cannot. */
export function canProve(): boolean {
  const { crypto } = globalThis as { crypto?: Partial<Crypto> };
  return crypto?.subtle !== undefined;
}

/** The root and the sum that a line and its path lead to. */
export async function climb(line: ProofLine): Promise<{ root: string; sumFen: number }> {
  const leaf = `{"amountFen":${line.amountFen},"result":"${line.result}","salt":"${line.salt}"}`;
  let sumFen = line.amountFen;
  let hash = await sha256([Uint8Array.of(0), new TextEncoder().encode(leaf)]);
  for (const step of line.path) {
    const own = [sumBytes(sumFen), hash];
    const other = [sumBytes(step.sumFen), fromHex(step.hash)];
    const [left, right] = step.side === 'left' ? [other, own] : [own, other];
    hash = await sha256([Uint8Array.of(1), ...left, ...right]);
    sumFen += step.sumFen;
  }
  return { root: toHex(hash), sumFen };
}

/** A sum as eight bytes, the greatest first. */
function sumBytes(fen: number): Uint8Array {
  const bytes = new Uint8Array(8);
  let rest = fen;
  for (let at = 7; at >= 0; at -= 1) {
    bytes[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return bytes;
}

async function sha256(parts: readonly Uint8Array[]): Promise<Uint8Array> {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return new Uint8Array(await crypto.subtle.digest('SHA-256', all));
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function fromHex(text: string): Uint8Array {
  const pairs = text.match(/../g) ?? [];
  return Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16));
}
