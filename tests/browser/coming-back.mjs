/**
 * Members who take the long way: paying first and binding later, thinking better of it at the
 * cashier, coming back to a camp they are in already, and somebody who is not theirs to see.
 */
import {
  agreeAndPay,
  chooseCamp,
  fillPlanet,
  openProgress,
  payAtCashier,
  seeGroupCode,
} from './support/member.mjs';
import { baseUrl, expect, isOurs, isSandbox, play } from './support/stage.mjs';

const CAMP = '五天读书营';
const MEMBER = { number: '1024', nickname: '小满' };

await play('coming-back', async (stage) => {
  const member = await stage.member();
  await payLater(stage, member);
  await bindLater(stage, member);
  await comeBack(stage, member);
  await fromAnotherTab(stage, member);
  await asStranger(stage);
  await withTheSameAccount(stage);
});

async function payLater(stage, page) {
  await chooseCamp(page, CAMP);
  await page.getByRole('radio', { name: '付款后再填' }).click();
  await agreeAndPay(page);
  await page.waitForURL((url) => isSandbox(url.href));
  await page.getByRole('button', { name: '取消' }).click();
  await page.waitForURL((url) => isOurs(url.href));
  await page.getByText('还没付，继续支付').waitFor();
  await page.getByRole('button', { name: '我已完成支付' }).click();
  await page.getByText('还没有收到付款，请稍等或继续支付').waitFor();
  await stage.picture(page, 'not-paid');

  // The camp remembers what was begun.
  await page.goto(`${baseUrl}/h5/`);
  await page.getByRole('link').filter({ hasText: CAMP }).click();
  await page.getByText('您有一笔还没付完的报名').click();
  await page.getByRole('button', { name: '继续支付' }).click();
  await payAtCashier(page);
}

async function bindLater(stage, page) {
  await page.waitForURL(/\/h5\/orders\/ord_[0-9a-z]{26}\/bind/);
  await page.getByRole('heading', { name: '支付成功，还差一步' }).waitFor();
  await page.getByText(/还剩 7 天/).waitFor();
  await page.getByRole('button', { name: '确认绑定' }).click();
  await page.getByText('请填写星球昵称').waitFor();
  await stage.picture(page, 'bind-errors');
  await fillPlanet(page, MEMBER.number, MEMBER.nickname);
  // A reload in the middle loses nothing, and a nervous thumb binds once.
  await page.reload();
  await page.getByText('是你吗？').waitFor();
  const sent = [];
  page.on('request', (request) => {
    if (request.url().endsWith('/api/h5/payments/bind')) sent.push(request);
  });
  await page.getByRole('button', { name: '确认绑定' }).dblclick();
  await seeGroupCode(page, CAMP);
  expect(sent.length === 1, `one request binds; there were ${sent.length}`);
  await page.getByRole('heading', { name: '绑定成功' }).waitFor();
  await stage.picture(page, 'bound');
  await openProgress(page, CAMP);
}

async function comeBack(stage, page) {
  await page.goto(`${baseUrl}/h5/`);
  const own = page.getByRole('link').filter({ hasText: CAMP });
  await own.getByText('查看').waitFor();
  await own.click();
  await page.getByRole('heading', { name: '您已报名' }).waitFor();
  expect(
    (await page.getByRole('button', { name: '支付押金' }).count()) === 0,
    'who is in is not asked to pay again',
  );
  await stage.picture(page, 'enrolled');
  await page.getByText('群二维码').click();
  await seeGroupCode(page, CAMP);

  await page.goto(`${baseUrl}/h5/orders`);
  await page.getByRole('heading', { name: CAMP }).waitFor();
  await stage.picture(page, 'orders');
}

/** What this phone has stored is gone; the session’s cookie is enough to find the way back. */
async function fromAnotherTab(stage, page) {
  await page.evaluate(() => localStorage.clear());
  const tab = await stage.beside(page);
  await tab.goto(`${baseUrl}/h5/orders`);
  await tab.getByRole('link', { name: '打卡进度' }).or(tab.getByRole('button', { name: '打卡进度' })).first().click();
  await tab.getByRole('heading', { name: '打卡日历' }).waitFor();
}

async function asStranger(stage) {
  const stranger = await stage.member();
  await stranger.goto(`${baseUrl}/h5/progress/1`);
  await stranger.getByText('没有认出您的报名').waitFor();
  await stage.picture(stranger, 'stranger');
}

/** Somebody names the account of the first one: asked before paying, and proved by a code. */
async function withTheSameAccount(stage) {
  const other = await stage.member({ refusals: [409] });
  await chooseCamp(other, CAMP);
  await fillPlanet(other, MEMBER.number, MEMBER.nickname);
  await agreeAndPay(other);
  await other.getByText('星球账号「小*」已用于本营的另一笔报名').waitFor();
  await stage.picture(other, 'claimed');
  await other.getByRole('button', { name: '改填账号' }).click();
  const field = other.locator('input[name=planetUserId]');
  expect(await field.evaluate((input) => input === document.activeElement), 'the field is ready to be typed in');
  await other.getByRole('button', { name: '支付押金' }).click();
  await other.getByRole('button', { name: '是我的账号，继续' }).click();
  await payAtCashier(other);
  await seeGroupCode(other, CAMP);
  await openProgress(other, CAMP);
  await other.getByRole('heading', { name: '用身份码确认账号' }).waitFor();
  await stage.picture(other, 'proof-code');
  await stage.manual(other.getByRole('region', { name: '身份码' }), 'member-proof');
}
