/**
 * Fails the build when a first screen costs more script than the budget (design §9).
 *
 * A first screen is the entry and everything it imports at once, plus the page's own chunk.
 * Every page is one, since members arrive by links; what a page loads later (QR code,
 * WeCom's kit) is not counted.
 */
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const BUDGET_BYTES = 120_000;
const dist = new URL('../dist/', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('manifest.json', dist), 'utf8'));

const entry = Object.keys(manifest).find((key) => manifest[key].isEntry);
if (entry === undefined) throw new Error('the manifest names no entry');
const pages = Object.keys(manifest).filter((key) => key.startsWith('src/pages/'));
if (pages.length === 0) throw new Error('the manifest names no pages');

let worst = 0;
for (const page of pages) {
  const bytes = [...scriptsOf(entry, page)].reduce((sum, file) => sum + gzippedBytes(file), 0);
  worst = Math.max(worst, bytes);
  console.log(`${(bytes / 1000).toFixed(1).padStart(7)} kB  ${page}`);
}
if (worst > BUDGET_BYTES) {
  console.error(`over the budget of ${BUDGET_BYTES / 1000} kB of gzipped script`);
  process.exit(1);
}
console.log(`within the budget of ${BUDGET_BYTES / 1000} kB of gzipped script for a first screen`);

function scriptsOf(...keys) {
  const files = new Set();
  const visit = (key) => {
    const chunk = manifest[key];
    if (files.has(chunk.file)) return;
    files.add(chunk.file);
    (chunk.imports ?? []).forEach(visit);
  };
  keys.forEach(visit);
  return files;
}

function gzippedBytes(file) {
  return gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length;
}
