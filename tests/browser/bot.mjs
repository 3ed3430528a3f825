/** The bot on the staff's phones: commands typed and tapped, a sync that is tried again. */
import { PATIENCE_MS, cardOf, phoneOf, play, say, until } from './support/stage.mjs';

await play('bot', async (stage) => {
  const staff = await stage.staff();
  const admin = phoneOf(staff, 'lin.yue');
  const coach = phoneOf(staff, 'zhou.ke');

  await say(admin, '帮助');
  await answered(admin, /待审核/);
  await stage.manual(admin, 'chat-help');
  await say(coach, 'jd 晨读');
  await answered(coach, /晨读打卡营/);
  await stage.manual(coach.locator('.card').last(), 'chat-progress');
  await stage.picture(staff, 'help-and-progress');

  // A tap on the menu is read like a message.
  await admin.locator('.menu summary').filter({ hasText: '押金' }).click();
  await admin.locator('.menu').getByRole('button', { name: '待审核', exact: true }).click();
  const choice = cardOf(admin, '个营有退款待审核');
  await stage.picture(staff, 'which-camp');
  await choice.getByRole('button', { name: '九月写作营' }).click();
  await until('a digest of one’s own', async () => {
    const digests = admin.locator('.card').filter({ hasText: '九月写作营 退款审核' });
    return (await digests.count()) === 2;
  });
  await say(coach, '同步 晨读打卡营');
  await answered(coach, /同步完成/);
  await stage.picture(staff, 'pending-and-sync');

  // Last night's sync of this camp was disturbed; the second try builds its refund list.
  const failed = cardOf(admin, '十天早起营 同步没有完成');
  await stage.manual(failed, 'sync-failed');
  await failed.getByRole('button', { name: '重试' }).click();
  const digest = cardOf(admin, '十天早起营 退款审核');
  await digest.getByRole('button', { name: /^通过/ }).waitFor({ timeout: PATIENCE_MS });
  await stage.picture(staff, 'synced-after-all');

  // Who is no staff is told nothing about anyone.
  await admin.locator('select.person').selectOption('xu.qing');
  const stranger = phoneOf(staff, 'xu.qing');
  await say(stranger, '进度 九月写作营');
  const answer = stranger.locator('.message.theirs').last();
  await answer.waitFor({ timeout: PATIENCE_MS });
  const text = await stranger.locator('.messages').innerText();
  if (/小明同学|南枝|橙子/.test(text)) throw new Error(`a stranger was told: ${text}`);
  await stage.picture(staff, 'stranger');
});

/** The newest thing the app has said is an answer of this kind. */
async function answered(phone, words) {
  await phone
    .locator('.message.theirs')
    .filter({ hasText: words })
    .last()
    .waitFor({ timeout: PATIENCE_MS });
}
