/**
 * The main job, from a member's first look to their deposit coming back: list → form → WeChat
 * Pay's cashier → group code → progress → the camp ends → the admin's card → refunded, and told.
 */
import {
  agreeAndPay,
  chooseCamp,
  fillPlanet,
  openProgress,
  payAtCashier,
  reloadUntil,
  seeGroupCode,
} from './support/member.mjs';
import {
  PATIENCE_MS,
  baseUrl,
  cardOf,
  control,
  expect,
  moveTime,
  phoneOf,
  play,
  until,
} from './support/stage.mjs';

const CAMP = '五天读书营';
/** The roster knows her by this number, and she checks in on all five days. */
const MEMBER = { number: '1024', nickname: '小满' };

await play('main-job', async (stage) => {
  const member = await stage.member();
  const orderNo = await enroll(stage, member);
  const staff = await stage.staff();
  await campEnds(stage, staff, member);
  await approve(stage, staff);
  await refunded(stage, staff, member, orderNo);
});

async function enroll(stage, page) {
  await chooseCamp(page, CAMP);
  await stage.picture(page, 'detail');

  // An empty form is to be filled first; one that lacks something is not sent, and says what.
  await page.getByRole('button', { name: '填写报名信息' }).click();
  await page.locator('input[name=planetUserId]').fill(MEMBER.number);
  await page.getByRole('button', { name: '支付押金' }).click();
  await page.getByText('请填写星球昵称').waitFor();
  await stage.picture(page, 'form-errors');

  // Number alone: the roster's nickname is only hinted at.
  await fillPlanet(page, MEMBER.number, '小雪');
  await page.getByText('登记的昵称和您填的不一样').waitFor();
  expect((await page.getByText(MEMBER.nickname).count()) === 0, 'nobody is told a stranger’s nickname');
  await fillPlanet(page, MEMBER.number, MEMBER.nickname);
  await page.getByText('是你吗？').waitFor();
  await page.getByRole('button', { name: '是我' }).click();
  await page.getByText('已确认是您本人').waitFor();
  await stage.picture(page, 'is-it-you');
  await stage.manual(page, 'member-form');

  await agreeAndPay(page);
  await page.waitForURL(/cashier/);
  await stage.picture(page, 'cashier');
  await payAtCashier(page);
  const orderNo = await seeGroupCode(page, CAMP);
  await stage.picture(page, 'group');
  await stage.manual(page, 'member-group');
  await openProgress(page, CAMP);
  await page.getByText('待开启').first().waitFor();
  await stage.picture(page, 'progress-before');
  return orderNo;
}

async function campEnds(stage, staff, member) {
  await moveTime(staff, '＋7 天');
  for (const userid of ['lin.yue', 'zhou.ke']) {
    const card = cardOf(phoneOf(staff, userid), `${CAMP} 退款审核`);
    await card.getByRole('button', { name: /^通过/ }).waitFor({ timeout: PATIENCE_MS });
  }
  await stage.picture(staff, 'digest');
  await reloadUntil(member, '待审核');
  await member.getByRole('img', { name: '已打卡 5 天，要求 4 天' }).waitFor();
  await stage.picture(member, 'progress-ended');
}

async function approve(stage, staff) {
  const admin = phoneOf(staff, 'lin.yue');
  await cardOf(admin, `${CAMP} 退款审核`).getByRole('button', { name: /^通过/ }).click();
  const confirm = cardOf(admin, '确认退款给');
  await confirm.getByText('¥297').waitFor({ timeout: PATIENCE_MS });
  await stage.picture(staff, 'confirm');
  await confirm.getByRole('button', { name: '确认退款' }).click();
  await cardOf(admin, '已通过 3 人').getByRole('button', { name: '撤回' }).waitFor({ timeout: PATIENCE_MS });
  // Whoever looks second sees who was first, and has nothing left to press but 撤回.
  const second = cardOf(phoneOf(staff, 'zhou.ke'), '已通过 3 人');
  await second.getByText('林越').waitFor({ timeout: PATIENCE_MS });
  expect(
    (await second.getByRole('button', { name: /^通过/ }).count()) === 0,
    'the second card has no 通过 left',
  );
  await stage.picture(staff, 'decided');
}

async function refunded(stage, staff, member, orderNo) {
  // Past the time in which it can be undone.
  await moveTime(staff, '＋1 小时');
  await reloadUntil(member, '已退款');
  await member.getByText('微信退款单号').waitFor();
  await stage.picture(member, 'refunded');
  await stage.manual(member, 'member-refunded');

  const own = await until('the refund at the stand-in', async () => {
    const refunds = await control('wechat-pay/refunds');
    return refunds.find((refund) => refund.outTradeNo === orderNo && refund.status === 'SUCCESS');
  });
  expect(own.executions === 1 && own.refundFen === 9900, 'the deposit went back once, all of it');

  const admin = phoneOf(staff, 'lin.yue');
  await admin.getByRole('button', { name: /阅读营交流群/ }).click();
  const notice = admin.locator('.bubble').filter({ hasText: `@${MEMBER.nickname}` });
  await notice.waitFor({ timeout: PATIENCE_MS });
  const text = await notice.innerText();
  for (const line of [
    '【退款通知】',
    `恭喜 @${MEMBER.nickname} 完成训练营打卡，押金已退回！`,
    '打卡天数：5/4天',
    '退款金额：99元',
  ]) {
    expect(text.includes(line), `the group’s notice says ${line}; it says ${text}`);
  }
  await stage.picture(staff, 'group-notice');
  await stage.manual(notice, 'group-notice');

  await member.goto(`${baseUrl}/h5/orders`);
  await member.getByText('已退款').waitFor();
  await stage.picture(member, 'orders');
}
