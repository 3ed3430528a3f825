/**
 * Fails the build when a page costs more script than the budgets (design §9).
 *
 * The first page is what a signed-in person opens the console on: the entry and everything it
 * imports at once, the frame, and the home page. Any other page may bring so much more.
 */
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const FIRST_BYTES = 200_000;
const MORE_BYTES = 120_000;
const HOME = 'src/pages/HomePage.vue';
const dist = new URL('../dist/', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('manifest.json', dist), 'utf8'));

const entry = Object.keys(manifest).find((key) => manifest[key].isEntry);
if (entry === undefined) throw new Error('the manifest names no entry');
const pages = Object.keys(manifest).filter((key) => key.startsWith('src/pages/'));
if (!pages.includes(HOME)) throw new Error('the manifest names no home page');

const frame = Object.keys(manifest).filter((key) => key.endsWith('AppFrame.vue'));
const first = scriptsOf(entry, ...frame, HOME);
const firstBytes = weigh(first);
console.log(`${kilo(firstBytes)}  the first page`);
let isOver = firstBytes > FIRST_BYTES;
for (const page of pages.filter((key) => key !== HOME)) {
  const more = weigh([...scriptsOf(page)].filter((file) => !first.has(file)));
  console.log(`${kilo(more)}  more for ${page}`);
  isOver ||= more > MORE_BYTES;
}
const budget = `${FIRST_BYTES / 1000} kB of gzipped script to the first page and ${MORE_BYTES / 1000} kB more`;
if (isOver) {
  console.error(`over the budget of ${budget}`);
  process.exit(1);
}
console.log(`within the budget of ${budget}`);

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

function weigh(files) {
  return [...files]
    .map((file) => gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length)
    .reduce((sum, bytes) => sum + bytes, 0);
}

function kilo(bytes) {
  return `${(bytes / 1000).toFixed(1).padStart(7)} kB`;
}
