/** What no member notices as long as it is right: weight, caching, policies, and the last page. */
import { baseUrl, expect, play } from './support/stage.mjs';

/** Design §9: a first screen's script, as it comes over the line. */
const SCRIPT_BUDGET_BYTES = 120_000;

await play('house', async (stage) => {
  for (const path of ['/h5/', '/h5/orders']) {
    const scripts = await scriptsOf(stage, path);
    const bytes = scripts.reduce((sum, script) => sum + script.bytes, 0);
    expect(scripts.length > 0, `${path} loads scripts`);
    expect(bytes <= SCRIPT_BUDGET_BYTES, `${path} within ${SCRIPT_BUDGET_BYTES} bytes; it is ${bytes}`);
    console.log(`${path}: ${bytes} bytes of script in ${scripts.length} files`);
    for (const script of scripts) await cachedForGood(script.url);
  }
  await nothingThere(stage);
});

async function scriptsOf(stage, path) {
  const page = await stage.member();
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Network.enable');
  const scripts = new Map();
  devtools.on('Network.responseReceived', ({ requestId, type, response }) => {
    if (type === 'Script') scripts.set(requestId, { url: response.url, bytes: 0 });
  });
  devtools.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    const script = scripts.get(requestId);
    if (script !== undefined) script.bytes = encodedDataLength;
  });
  await page.goto(`${baseUrl}${path}`, { waitUntil: 'networkidle' });
  await page.close();
  return [...scripts.values()];
}

async function cachedForGood(url) {
  const answer = await fetch(url, { headers: { 'accept-encoding': 'gzip' } });
  const header = (name) => answer.headers.get(name) ?? '';
  await answer.arrayBuffer();
  expect(header('content-encoding') === 'gzip', `${url} comes compressed`);
  expect(header('cache-control').includes('immutable'), `${url} is cached for good`);
}

async function nothingThere(stage) {
  const page = await stage.member({ refusals: [404] });
  await page.goto(`${baseUrl}/h5/nowhere`);
  await page.getByText('没有这个页面').waitFor();
  await page.goto(`${baseUrl}/h5/camps/999999`);
  await page.getByText('训练营已结束或已下架').waitFor();
  await stage.picture(page, 'not-found');
}
