/**
 * A refund list decided on the phone: a batch with ticks taken back and set, a single one refused
 * with a reason, and what each of the staff sees of it.
 */
import { PATIENCE_MS, cardOf, expect, phoneOf, play, say } from './support/stage.mjs';

const CAMP = '九月写作营';

await play('review', async (stage) => {
  const staff = await stage.staff();
  const admin = phoneOf(staff, 'lin.yue');
  await batch(stage, staff, admin);
  await single(stage, staff, admin);
  await told(stage, staff, admin);
});

async function batch(stage, staff, admin) {
  const digest = cardOf(admin, `${CAMP} 退款审核`);
  await stage.manual(digest, 'refund-digest');
  await digest.getByRole('button', { name: '逐批查看' }).click();
  const vote = cardOf(admin, '勾选要退款的人');
  await vote.waitFor({ timeout: PATIENCE_MS });
  const box = (name) => vote.locator('.choice').filter({ hasText: name }).getByRole('checkbox');
  await box('小明同学').waitFor();
  expect(await box('小明同学').isChecked(), 'who is clear is ticked');
  expect(!(await box('橙子').isChecked()), 'who passes by grace only is not');
  await stage.picture(staff, 'batch');
  await stage.manual(vote, 'refund-batch');

  await box('木木').uncheck();
  await vote.getByRole('button', { name: '提交' }).click();
  const confirm = cardOf(admin, '确认退款给');
  await confirm.getByText('¥297').waitFor({ timeout: PATIENCE_MS });
  await stage.picture(staff, 'batch-confirm');
  await confirm.getByRole('button', { name: '返回' }).click();
  await box('木木').waitFor({ timeout: PATIENCE_MS });

  await box('木木').check();
  await vote.getByRole('button', { name: '提交' }).click();
  await confirm.getByText('¥396').waitFor({ timeout: PATIENCE_MS });
  await stage.manual(confirm, 'refund-confirm');
  await confirm.getByRole('button', { name: '确认退款' }).click();
  const decided = cardOf(admin, '已通过 4 人');
  await decided.getByRole('button', { name: '撤回' }).waitFor({ timeout: PATIENCE_MS });
  await stage.picture(staff, 'batch-decided');
  await stage.manual(decided, 'refund-decided');
}

async function single(stage, staff, admin) {
  await say(admin, `进度 ${CAMP} 橙子`);
  const card = cardOf(admin, '橙子 的退款');
  await card.getByText('用到宽限天数').waitFor({ timeout: PATIENCE_MS });
  await stage.picture(staff, 'single');
  await stage.manual(card, 'refund-single');
  await card.getByRole('button', { name: '详情' }).click();
  await card.getByRole('button', { name: '返回' }).click({ timeout: PATIENCE_MS });
  await card.getByRole('button', { name: '拒绝' }).click();
  await card.locator('select').selectOption({ label: '打卡天数不足' }, { timeout: PATIENCE_MS });
  await stage.manual(card, 'refund-reject');
  await card.getByRole('button', { name: '拒绝' }).click();
  await card.getByRole('button', { name: '撤回' }).waitFor({ timeout: PATIENCE_MS });
  await card.getByText('打卡天数不足').waitFor();
  await stage.picture(staff, 'single-refused');
}

/** Money moves when nobody has taken it back for twenty seconds; then comes the summary. */
async function told(stage, staff, admin) {
  await admin.getByText(/成功 4 笔，失败 0 笔/).waitFor({ timeout: PATIENCE_MS });
  const coach = phoneOf(staff, 'zhou.ke');
  await say(coach, `进度 ${CAMP} 小明同学`);
  await coach.locator('.message.theirs').filter({ hasText: '小明同学' }).last().waitFor({
    timeout: PATIENCE_MS,
  });
  await stage.picture(staff, 'told');
}
