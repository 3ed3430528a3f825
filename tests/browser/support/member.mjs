/** What a member does on the pages, step by step. */
import { PATIENCE_MS, baseUrl, isOurs, isSandbox } from './stage.mjs';

/** From the list to a camp's own page. */
export async function chooseCamp(page, campName) {
  await page.goto(`${baseUrl}/h5/`);
  const camp = page.getByRole('link').filter({ hasText: campName });
  await camp.getByText('立即报名').waitFor();
  await camp.click();
  await page.waitForURL(/\/h5\/camps\/\d+/);
  await page.getByRole('heading', { level: 1, name: campName }).waitFor();
  await page.getByRole('heading', { name: '押金规则' }).waitFor();
}

/** Types who one is on the planet; number or id, and nickname. */
export async function fillPlanet(page, number, nickname) {
  await page.locator('input[name=planetUserId]').fill(number);
  await page.locator('input[name=planetNickname]').fill(nickname);
}

/** Agrees to the rules and asks to pay. */
export async function agreeAndPay(page) {
  await page.getByRole('checkbox').click();
  await page.getByRole('button', { name: '支付押金' }).click();
}

/** At the stand-in's cashier; comes back to our pages. */
export async function payAtCashier(page) {
  await page.waitForURL((url) => isSandbox(url.href));
  await page.getByRole('button', { name: '立即支付' }).click();
  await page.waitForURL((url) => isOurs(url.href), { timeout: PATIENCE_MS });
}

/** The group's code, as a picture that has really been drawn. Answers the order's number. */
export async function seeGroupCode(page, campName) {
  await page.waitForURL(/\/h5\/orders\/ord_[0-9a-z]{26}\/group/, { timeout: PATIENCE_MS });
  await page.getByRole('heading', { name: campName }).waitFor();
  const code = page.getByRole('img', { name: '训练营群二维码' });
  await code.waitFor();
  await page.waitForFunction(
    (picture) => picture.complete && picture.naturalWidth > 0,
    await code.elementHandle(),
  );
  return /ord_[0-9a-z]{26}/.exec(page.url())[0];
}

/** From the group's code to one's progress. */
export async function openProgress(page, campName) {
  await page.getByText('查看我的打卡进度').click();
  await page.waitForURL(/\/h5\/progress\/\d+/);
  await page.getByRole('heading', { level: 1, name: campName }).waitFor();
  await page.getByRole('heading', { name: '打卡日历' }).waitFor();
}

/** Opens the page anew until it says `text`. */
export async function reloadUntil(page, text, patienceMs = PATIENCE_MS) {
  const giveUpAt = Date.now() + patienceMs;
  for (;;) {
    await page.reload();
    try {
      return await page.getByText(text).first().waitFor({ timeout: 2_000 });
    } catch (error) {
      if (Date.now() > giveUpAt) throw error;
    }
  }
}
