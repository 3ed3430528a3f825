/**
 * The console: the digest's link leads a person through the sign-in to the list, one refund is
 * approved after its trial and watched until the money is back, and a coach sees no more than theirs.
 */
import { baseUrl, expect, play } from './support/stage.mjs';

const CAMP = '九月写作营';
const PASSWORD = 'camp-demo-2026';

await play('console', async (stage) => {
  const admin = await desk(stage);
  await admin.goto(`${baseUrl}/admin/refunds?campId=2`);
  await signIn(admin, 'admin');
  await admin.waitForURL(/\/admin\/refunds\?campId=2$/);
  await approveOne(stage, admin);
  await readsOnASheet(stage, admin);
  await coachSeesTheirs(stage);
  await onThePhone(stage);
});

/** Whoever is not signed in yet is answered 401 once. */
async function desk(stage) {
  const context = await stage.browser.newContext({ viewport: { width: 1360, height: 900 }, locale: 'zh-CN' });
  return stage.open(context, [401]);
}

async function signIn(page, username) {
  await page.getByLabel('用户名').fill(username);
  await page.getByLabel('密码').first().fill(PASSWORD);
  await page.getByRole('button', { name: '登录' }).click();
}

async function approveOne(stage, page) {
  const row = page.getByRole('row').filter({ hasText: '南枝' });
  await row.getByText(CAMP).waitFor();
  await stage.picture(page, 'list');
  await row.getByRole('button', { name: '通过' }).click();
  const dialog = page.getByRole('dialog').filter({ hasText: '通过 南枝 的退款' });
  await dialog.getByText('退款给 1 人，合计 ¥99').waitFor();
  await stage.picture(page, 'trial');
  await stage.manual(dialog.locator('.el-dialog'), 'console-approve');
  await dialog.getByRole('button', { name: '确认退款' }).click();
  await page.getByText('这一批正在退款').waitFor();
  await stage.picture(page, 'under-way');
  // It waits for nobody to take it back.
  await page.getByRole('button', { name: '撤回 1 笔' }).click();
  await page.getByText('已撤回 1 笔').waitFor();
  await row.getByRole('button', { name: '通过' }).waitFor();
}

async function readsOnASheet(stage, page) {
  await page.getByRole('row').filter({ hasText: '晴天' }).getByRole('link', { name: '查看详情' }).click();
  await page.getByRole('heading', { name: '向微信支付的请求' }).waitFor();
  expect(await page.getByText('排行与帖子天数不一致').isVisible(), 'the flag is in words');
  await page.emulateMedia({ media: 'print' });
  expect(!(await page.getByRole('button', { name: '打印' }).isVisible()), 'a sheet has no buttons');
  await stage.picture(page, 'sheet');
  await page.emulateMedia({ media: 'screen' });
}

async function coachSeesTheirs(stage) {
  const page = await desk(stage);
  await page.goto(`${baseUrl}/admin/users`);
  await signIn(page, 'coach');
  await page.getByText('这里没有您能看的页面').waitFor();
  const menu = page.getByRole('navigation', { name: '菜单' });
  const entries = (await menu.getByRole('link').allInnerTexts()).map((text) => text.trim());
  expect(entries.join(' ') === '首页 帮助 退款 申诉 押金去向 训练营 会员 打卡 报表', `a coach's menu; it is ${entries}`);
}

async function onThePhone(stage) {
  const page = await stage.member({ refusals: [401] });
  await page.goto(`${baseUrl}/admin/`);
  await signIn(page, 'admin2');
  await page.getByText('待审核的退款').waitFor();
  await page.getByRole('button', { name: '菜单' }).click();
  await page.getByRole('link', { name: '押金去向' }).click();
  await page.getByText('等审核').first().waitFor();
  const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(over <= 0, `nothing is wider than the phone; ${over} px are`);
  await stage.picture(page, 'phone');
}
