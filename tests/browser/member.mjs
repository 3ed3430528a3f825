/**
 * A member's way through the real product in a real browser:
 * list → detail → form → WeChat Pay's cashier (the stand-in's) → group QR code → progress.
 *
 * Environment: BASE_URL (the product), SANDBOX_URL (the stand-ins), SCREENSHOT_DIR,
 * CHROMIUM (default /usr/bin/chromium), PLANET_USER_ID and PLANET_NICKNAME (default: an id
 * that no roster knows, new for each run). Exit code 0 played through, 1 failed, 2 called
 * wrongly. Needs `npm ci` in h5/.
 */
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const fromH5 = createRequire(new URL('../../h5/package.json', import.meta.url));
const { chromium } = fromH5('playwright-core');

const baseUrl = requiredUrl('BASE_URL');
const sandboxUrl = requiredUrl('SANDBOX_URL');
const screenshotDir = process.env.SCREENSHOT_DIR ?? 'target/browser-member';
const planetUserId = process.env.PLANET_USER_ID ?? String(Date.now());
const planetNickname = process.env.PLANET_NICKNAME ?? '浏览器会员';

/** An ordinary phone browser: there the page pays through the h5 channel. */
const PHONE = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  locale: 'zh-CN',
  isMobile: true,
  hasTouch: true,
  userAgent:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 ' +
    '(KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1',
};
const STEP_TIMEOUT_MS = 20_000;
/** A notification that the stand-in sends late is still one; the page waits, so does this. */
const PAYMENT_TIMEOUT_MS = 60_000;

/** What no member should cause: script errors, policy violations, calls to strangers. */
const complaints = [];

mkdirSync(screenshotDir, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});
try {
  const page = await openPage();
  await playThrough(page);
  if (complaints.length > 0) throw new Error(`the page complained:\n${complaints.join('\n')}`);
  console.log(`played through; pictures in ${screenshotDir}`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await browser.close();
}

async function openPage() {
  const context = await browser.newContext(PHONE);
  const page = await context.newPage();
  page.setDefaultTimeout(STEP_TIMEOUT_MS);
  page.on('pageerror', (error) => complaints.push(`script error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' && isOurs(message.location().url)) {
      complaints.push(`console: ${message.text()}`);
    }
  });
  page.on('request', (request) => {
    if (!isOurs(request.url()) && !isSandbox(request.url()) && !/^(data|blob):/.test(request.url())) {
      complaints.push(`a request to a stranger: ${request.url()}`);
    }
  });
  return page;
}

async function playThrough(page) {
  try {
    const campName = await chooseCamp(page);
    await fillForm(page);
    await pay(page);
    await seeGroupCode(page, campName);
    await seeProgress(page, campName);
    await findOrderAgain(page, campName);
  } catch (error) {
    await picture(page, 'failed');
    console.error(`failed at ${page.url()}`);
    throw error;
  }
}

async function chooseCamp(page) {
  await page.goto(`${baseUrl}/h5/`);
  const camp = page.getByRole('link').filter({ hasText: '立即报名' }).first();
  await camp.waitFor();
  await picture(page, '1-list');
  const campName = (await camp.getByRole('heading').innerText()).trim();
  await camp.click();
  await page.waitForURL(/\/h5\/camps\/\d+/);
  await page.getByRole('heading', { level: 1, name: campName }).waitFor();
  await page.getByRole('heading', { name: '押金规则' }).waitFor();
  await picture(page, '2-detail');
  return campName;
}

async function fillForm(page) {
  const payButton = page.getByRole('button', { name: '支付押金' });
  // An empty form is not sent, and says what is missing.
  await payButton.click();
  await page.getByText('请填写星球昵称').waitFor();

  await page.locator('input[name=planetUserId]').fill(planetUserId);
  await page.locator('input[name=planetNickname]').fill(planetNickname);
  await page.getByRole('checkbox').click();
  await picture(page, '3-form');
  await payButton.click();
}

async function pay(page) {
  await page.waitForURL((url) => isSandbox(url.href));
  await picture(page, '4-cashier');
  await page.getByRole('button', { name: '立即支付' }).click();
  await page.waitForURL((url) => isOurs(url.href), { timeout: PAYMENT_TIMEOUT_MS });
  await picture(page, '5-back');
}

async function seeGroupCode(page, campName) {
  await page.waitForURL(/\/h5\/orders\/ord_[0-9a-z]{26}\/group/, { timeout: PAYMENT_TIMEOUT_MS });
  await page.getByRole('heading', { name: campName }).waitFor();
  const code = page.getByRole('img', { name: '训练营群二维码' });
  await code.waitFor();
  await page.waitForFunction(
    (picture) => picture.complete && picture.naturalWidth > 0,
    await code.elementHandle(),
  );
  await picture(page, '6-group');
}

async function seeProgress(page, campName) {
  await page.getByText('查看我的打卡进度').click();
  await page.waitForURL(/\/h5\/progress\/\d+/);
  await page.getByRole('heading', { level: 1, name: campName }).waitFor();
  await page.getByRole('heading', { name: '打卡日历' }).waitFor();
  await page.getByRole('img', { name: /^已打卡 0 天，要求 \d+ 天$/ }).waitFor();
  await picture(page, '7-progress');
}

async function findOrderAgain(page, campName) {
  await page.goto(`${baseUrl}/h5/orders`);
  await page.getByRole('heading', { name: campName }).waitFor();
  await picture(page, '8-orders');
  await page.goto(`${baseUrl}/h5/`);
  const mine = page.getByRole('link').filter({ hasText: campName }).filter({ hasText: '查看' });
  await mine.first().click();
  await page.getByRole('heading', { name: '您已报名' }).waitFor();
  await picture(page, '9-enrolled');
}

async function picture(page, name) {
  await page.screenshot({ path: join(screenshotDir, `${name}.png`), fullPage: true });
}

function isOurs(address) {
  return address.startsWith(`${baseUrl}/`);
}

function isSandbox(address) {
  return address.startsWith(`${sandboxUrl}/`);
}

function requiredUrl(name) {
  const value = process.env[name];
  if (value === undefined || !/^https?:\/\//.test(value)) {
    console.error(`${name} must be set to an http(s) address`);
    process.exit(2);
  }
  return value.replace(/\/+$/, '');
}
