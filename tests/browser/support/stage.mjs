/**
 * The stage of a play: the demo in a real browser. Members' phones and the staff's page of
 * phones are opened here, and whatever a page complains about fails the play.
 *
 * Environment: BASE_URL (the product), SANDBOX_URL (the stand-ins), SCREENSHOT_DIR, CHROMIUM
 * (default /usr/bin/chromium). Exit code 0 played through, 1 failed, 2 called wrongly. Needs
 * `npm ci` in h5/.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const fromH5 = createRequire(new URL('../../../h5/package.json', import.meta.url));
const { chromium } = fromH5('playwright-core');

export const baseUrl = requiredUrl('BASE_URL');
export const sandboxUrl = requiredUrl('SANDBOX_URL');
const screenshotDir = process.env.SCREENSHOT_DIR ?? 'target/browser';
/** What `make manual-pictures` takes into docs/manual/images. */
const manualDir = join(screenshotDir, 'manual');
const MANUAL_MAX_BYTES = 80_000;

/** An ordinary phone browser: there the page pays through the h5 channel. */
const PHONE = {
  viewport: { width: 375, height: 812 },
  deviceScaleFactor: 2,
  locale: 'zh-CN',
  isMobile: true,
  hasTouch: true,
  userAgent:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 ' +
    '(KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1',
};
const DESK = { viewport: { width: 1560, height: 960 }, deviceScaleFactor: 2, locale: 'zh-CN' };

const STEP_TIMEOUT_MS = 20_000;
/** What passes through the outbox, a night's jobs or a late notification takes a little longer. */
export const PATIENCE_MS = 60_000;

/** Plays `acts` with a fresh browser; the process ends with what came of it. */
export async function play(name, acts) {
  mkdirSync(manualDir, { recursive: true });
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  const stage = new Stage(name, browser);
  try {
    await acts(stage);
    await stage.hearComplaints();
    console.log(`${name}: played through; pictures in ${screenshotDir}`);
  } catch (error) {
    await stage.pictureAll();
    console.error(error instanceof Error ? error.stack : error);
    process.exitCode = 1;
  } finally {
    await browser.close();
  }
}

class Stage {
  constructor(name, browser) {
    this.name = name;
    this.browser = browser;
    this.pages = [];
    this.pictures = 0;
    /** What nobody should cause: script errors, policy violations, calls to strangers. */
    this.complaints = [];
  }

  /** A member's phone. `refusals`: statuses that the play means to be answered with. */
  async member({ refusals = [] } = {}) {
    return this.open(await this.browser.newContext(PHONE), refusals);
  }

  /** Another page in the browser of a page. */
  async beside(page) {
    return this.open(page.context(), []);
  }

  /** The page of the staff's phones, with at least two of them side by side. */
  async staff() {
    const page = await this.open(await this.browser.newContext(DESK), []);
    await page.goto(sandboxUrl);
    for (const userid of ['lin.yue', 'zhou.ke']) await phoneOf(page, userid).waitFor();
    return page;
  }

  async open(context, refusals) {
    const page = await context.newPage();
    page.setDefaultTimeout(STEP_TIMEOUT_MS);
    this.pages.push(page);
    page.on('pageerror', (error) => this.complaints.push(`script error: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() !== 'error' || !isKnown(message.location().url)) return;
      const meant = refusals.some((status) => message.text().includes(`status of ${status}`));
      if (!meant) this.complaints.push(`console: ${message.text()} ${message.location().url}`);
    });
    page.on('request', (request) => {
      if (!isKnown(request.url()) && !/^(data|blob):/.test(request.url())) {
        this.complaints.push(`a request to a stranger: ${request.url()}`);
      }
    });
    return page;
  }

  async picture(page, what) {
    this.pictures += 1;
    const number = String(this.pictures).padStart(2, '0');
    const path = join(screenshotDir, `${this.name}-${number}-${what}.png`);
    await page.screenshot({ path, fullPage: page.viewportSize().width < 600 });
  }

  /** A picture for the manuals: a page as it is on the screen, or a part of one. */
  async manual(target, name) {
    const png = await target.screenshot({ animations: 'disabled' });
    const helper = await this.browser.newPage();
    const webp = await helper.evaluate(toWebp, {
      png: png.toString('base64'),
      maxBytes: MANUAL_MAX_BYTES,
    });
    await helper.close();
    if (webp === null) throw new Error(`the picture ${name} is larger than ${MANUAL_MAX_BYTES} bytes`);
    writeFileSync(join(manualDir, `${name}.webp`), Buffer.from(webp, 'base64'));
  }

  async pictureAll() {
    for (const page of this.pages.filter((page) => !page.isClosed())) {
      console.error(`stood at ${page.url()}`);
      await this.picture(page, 'failed').catch((error) => console.error(String(error)));
    }
  }

  /** Pages and stand-ins: the latter note whatever a platform would not have taken. */
  async hearComplaints() {
    const violations = await control('violations');
    const heard = [...this.complaints, ...violations.map((found) => JSON.stringify(found))];
    if (heard.length > 0) throw new Error(`there were complaints:\n${heard.join('\n')}`);
  }
}

/** Somebody's phone on the page of phones. */
export function phoneOf(page, userid) {
  return page.locator(`.phone[data-userid="${userid}"]`);
}

/** The newest card of a phone that says `text`. */
export function cardOf(phone, text) {
  return phone.locator('.card').filter({ hasText: text }).last();
}

/** Writes to the app from a phone. */
export async function say(phone, text) {
  await phone.getByPlaceholder('发消息').fill(text);
  await phone.getByRole('button', { name: '发送' }).click();
}

/** Moves the time on the panel of the page of phones. */
export async function moveTime(page, label) {
  await page.locator('#panel').getByRole('button', { name: label, exact: true }).click();
}

/** Asks the stand-ins' control API. */
export async function control(path) {
  const answer = await fetch(`${sandboxUrl}/control/${path}`);
  if (!answer.ok) throw new Error(`control ${path}: ${answer.status}`);
  return answer.json();
}

/** Asks again and again until `find` finds something; answers that. */
export async function until(what, find, patienceMs = PATIENCE_MS) {
  const giveUpAt = Date.now() + patienceMs;
  for (;;) {
    const found = await find();
    if (found) return found;
    if (Date.now() > giveUpAt) throw new Error(`${what}: not within ${patienceMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** Runs in a page, which can make WebP pictures: as good a one as there is room for. */
async function toWebp({ png, maxBytes }) {
  const picture = new Image();
  picture.src = `data:image/png;base64,${png}`;
  await picture.decode();
  const canvas = new OffscreenCanvas(picture.naturalWidth, picture.naturalHeight);
  canvas.getContext('2d').drawImage(picture, 0, 0);
  for (const quality of [0.85, 0.7, 0.55, 0.4, 0.25]) {
    const blob = await canvas.convertToBlob({ type: 'image/webp', quality });
    if (blob.size > maxBytes) continue;
    const bytes = new Uint8Array(await blob.arrayBuffer());
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  }
  return null;
}

export function expect(holds, what) {
  if (!holds) throw new Error(`expected: ${what}`);
}

export const isOurs = (address) => address.startsWith(`${baseUrl}/`);
export const isSandbox = (address) => address.startsWith(`${sandboxUrl}/`);
const isKnown = (address) => isOurs(address) || isSandbox(address);

function requiredUrl(name) {
  const value = process.env[name];
  if (value === undefined || !/^https?:\/\//.test(value)) {
    console.error(`${name} must be set to an http(s) address`);
    process.exit(2);
  }
  return value.replace(/\/+$/, '');
}
