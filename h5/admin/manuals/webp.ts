import { existsSync, readFileSync } from 'node:fs';

/** The size of a picture in a file; null if it is not there. */
export function sizeOfFile(file: string): { width: number; height: number } | null {
  return existsSync(file) ? webpSize(readFileSync(file)) : null;
}

/** How wide and high a WebP picture is, by its header (RFC 9649). */
function webpSize(bytes: Uint8Array): { width: number; height: number } {
  const text = (at: number): string => String.fromCharCode(...bytes.subarray(at, at + 4));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (text(0) !== 'RIFF' || text(8) !== 'WEBP') throw new Error('this is no WebP picture');
  switch (text(12)) {
    case 'VP8 ':
      return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
    case 'VP8L': {
      const bits = view.getUint32(21, true);
      return { width: (bits & 0x3fff) + 1, height: ((bits >> 14) & 0x3fff) + 1 };
    }
    case 'VP8X': {
      const side = (at: number): number => (view.getUint32(at, true) & 0xffffff) + 1;
      return { width: side(24), height: side(27) };
    }
    default:
      throw new Error('this WebP picture is of an unknown kind');
  }
}
