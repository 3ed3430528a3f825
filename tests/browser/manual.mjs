/**
 * What the manuals show and no other play passes by: pages of the console and cards of the chat, each
 * opened by somebody who works with it; and the manuals themselves, under 帮助.
 */
import { PATIENCE_MS, baseUrl, cardOf, expect, phoneOf, play, say } from './support/stage.mjs';

const PASSWORD = 'camp-demo-2026';
/** A small desk: what is on it can be read when a manual shows it in a column. */
const DESK = { viewport: { width: 1180, height: 740 }, deviceScaleFactor: 1.5, locale: 'zh-CN' };

await play('manual', async (stage) => {
  await chat(stage);
  const admin = await desk(stage, 'admin2');
  await stage.manual(admin, 'console-home');
  const page = await desk(stage, 'admin');
  await camps(stage, page);
  await people(stage, page);
  await money(stage, page);
  await installation(stage, page);
  await manuals(stage, page);
});

async function chat(stage) {
  const staff = await stage.staff();
  const coach = phoneOf(staff, 'zhou.ke');
  await say(coach, '催打卡 晨读');
  const urge = cardOf(coach, '晨读打卡营 催打卡');
  await urge.waitFor({ timeout: PATIENCE_MS });
  await stage.manual(urge, 'chat-urge');
  await say(coach, '匹配 九月写作营');
  const match = cardOf(coach, '是哪位星球用户');
  await match.waitFor({ timeout: PATIENCE_MS });
  await stage.manual(match, 'chat-match');
}

async function desk(stage, username) {
  const page = await stage.open(await stage.browser.newContext(DESK), [401]);
  await page.goto(`${baseUrl}/admin/`);
  await page.getByLabel('用户名').fill(username);
  await page.getByLabel('密码').first().fill(PASSWORD);
  await page.getByRole('button', { name: '登录' }).click();
  await page.getByText('待审核的退款').waitFor();
  await page.waitForLoadState('networkidle');
  return page;
}

async function open(page, path, title) {
  await page.goto(`${baseUrl}/admin/${path}`);
  await page.getByRole('heading', { level: 1, name: title }).waitFor();
  await page.waitForLoadState('networkidle');
}

async function camps(stage, page) {
  await open(page, 'camps/new?copyOf=5', '创建训练营');
  await stage.manual(page, 'console-camp');
  await open(page, 'camps', '训练营');
  await page.getByRole('row').filter({ hasText: '五天读书营' }).getByRole('button', { name: '生成二维码' }).click();
  const dialog = page.getByRole('dialog').filter({ hasText: '报名二维码' });
  await dialog.getByRole('img', { name: '报名二维码' }).waitFor();
  await stage.manual(dialog.locator('.el-dialog'), 'console-enroll');
}

async function people(stage, page) {
  await open(page, 'members?campId=2&matchStatus=pending', '会员');
  await page.getByRole('row').filter({ hasText: 'Leo' }).getByRole('button', { name: '手动匹配' }).click();
  const dialog = page.getByRole('dialog').filter({ hasText: '是哪个星球账号' });
  await dialog.getByText(/ 分$/).first().waitFor();
  await stage.manual(dialog.locator('.el-dialog'), 'console-match');
  await open(page, 'members/roster', '导入成员名单');
  await stage.manual(page, 'console-roster');
}

async function money(stage, page) {
  await open(page, 'refunds?campId=2', '退款审核');
  await page.getByRole('row').filter({ hasText: '南枝' }).waitFor();
  await stage.manual(page, 'console-refunds');
  await open(page, 'custody', '押金去向');
  await stage.manual(page, 'console-custody');
  await open(page, 'payments?flag=duplicate', '付款');
  await stage.manual(page, 'console-payments');
  await open(page, 'bills', '对账');
  await stage.manual(page, 'console-bills');
  await open(page, 'merchant', '商户');
  await stage.manual(page, 'console-merchant');
  await open(page, 'reports', '报表');
  await stage.manual(page, 'console-reports');
}

async function installation(stage, page) {
  await open(page, 'users', '用户');
  await stage.manual(page, 'console-users');
  await open(page, 'config', '设置');
  await page.getByRole('button', { name: '检查', exact: true }).click();
  const doctor = page.locator('.card').filter({ has: page.getByRole('heading', { name: '检查安装' }) });
  await doctor.getByText('企业可信 IP').waitFor({ timeout: PATIENCE_MS });
  // All of its lines are on the screen at once.
  await page.setViewportSize({ ...DESK.viewport, height: 1300 });
  await stage.manual(doctor, 'console-doctor');
  await page.setViewportSize(DESK.viewport);
  const refunds = page.getByRole('heading', { name: '退款与承诺' });
  await refunds.scrollIntoViewIfNeeded();
  await stage.manual(page.locator('.card').filter({ has: refunds }), 'console-settings');
  await open(page, 'jobs', '任务');
  await stage.manual(page, 'console-jobs');
  await open(page, 'logs', '日志');
  await stage.manual(page, 'console-logs');
}

async function manuals(stage, page) {
  await page.getByRole('link', { name: '帮助' }).click();
  await page.getByRole('heading', { level: 2, name: '负责人手册' }).waitFor();
  const pictures = page.locator('.manual img');
  expect((await pictures.count()) > 0, 'a manual has pictures');
  await pictures.first().scrollIntoViewIfNeeded();
  await page.waitForFunction(
    (picture) => picture.complete && picture.naturalWidth > 0,
    await pictures.first().elementHandle(),
  );
  await stage.picture(page, 'help');
  await page.getByLabel('在手册里找').fill('主密钥');
  await page.getByRole('list', { name: '找到的' }).getByRole('link').first().click();
  await page.waitForURL(/\/admin\/help\/[a-z-]+#/);
  await page.locator('.manual').waitFor();
  await stage.picture(page, 'found');

  await page.setViewportSize({ width: 390, height: 800 });
  await page.goto(`${baseUrl}/admin/help/coach#审核退款`);
  await page.locator('.manual').waitFor();
  const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(over <= 0, `nothing is wider than a phone; ${over} px are`);
  await page.locator('.manual .picture').nth(9).scrollIntoViewIfNeeded();
  await page.waitForLoadState('networkidle');
  await stage.picture(page, 'on-a-phone');
}
