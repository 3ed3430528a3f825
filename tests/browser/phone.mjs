/** The phones draw every part of a card, and fit beside each other on a narrow screen. */
import { cardOf, control, phoneOf, play, sandboxUrl } from './support/stage.mjs';

const NARROW = { width: 800, height: 960 };

/** Every part that a notice may have; the mini programs open nothing, and say so. */
const NOTICE = {
  card_type: 'text_notice',
  main_title: { title: '名单已备好' },
  quote_area: { type: 1, url: 'https://x.example/q', title: '说明', quote_text: '共 3 人' },
  horizontal_content_list: [
    { keyname: '负责人', value: '林越', type: 3, userid: 'lin.yue' },
    { keyname: '附件', value: '名单.xlsx', type: 2, media_id: 'm' },
    { keyname: '地点', value: '线上' },
  ],
  jump_list: [
    { type: 2, title: '打开小程序', appid: 'wx1', pagepath: 'pages/i' },
    { title: '只是一句话' },
  ],
  card_action: { type: 2, appid: 'wx1' },
};
/** A large picture, as a group robot must have, and a small one beside words. */
const news = (picture) => ({
  card_type: 'news_notice',
  main_title: { title: '分享会' },
  card_image: { url: picture },
  image_text_area: {
    type: 1,
    url: 'https://x.example/s',
    title: '主讲人',
    desc: '十年写作教练',
    image_url: picture,
  },
  card_action: { type: 1, url: 'https://x.example/t' },
});
/** A single point. */
const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

await play('phone', async (stage) => {
  const staff = await stage.staff();
  const admin = phoneOf(staff, 'lin.yue');
  const token = await accessToken();
  await send(token, NOTICE);
  const notice = cardOf(admin, '名单已备好');
  for (const words of ['@林越', '［文件］名单.xlsx']) {
    await notice.locator('.chip', { hasText: words }).waitFor();
  }
  await notice.getByRole('link', { name: '说明' }).waitFor();
  if (await notice.getByRole('link', { name: '只是一句话' }).count()) {
    throw new Error('a jump without a target looks like a link');
  }
  for (const name of ['打开小程序', '查看详情']) {
    await notice.getByRole('link', { name }).click();
    await staff.locator('#trouble', { hasText: '小程序 wx1' }).waitFor();
  }

  await sendToGroup(news(await pictureUrl(token)));
  await admin.getByRole('button', { name: /^写作营交流群/ }).click();
  const shared = cardOf(admin, '分享会');
  await shared.getByRole('img', { name: '主讲人' }).waitFor();
  await shared.getByText('十年写作教练').waitFor();

  await staff.setViewportSize(NARROW);
  await fits(staff);
  await stage.picture(staff, 'narrow');
});

/** Both phones are wholly on the screen, their tabs within them, and the panel is below. */
async function fits(staff) {
  const panel = await staff.locator('#panel').boundingBox();
  for (const userid of ['lin.yue', 'zhou.ke']) {
    const phone = phoneOf(staff, userid);
    const frame = await phone.boundingBox();
    if (frame.x < 0 || right(frame) > NARROW.width || panel.y < frame.y + frame.height) {
      throw new Error(`the phone of ${userid} is covered: ${JSON.stringify({ frame, panel })}`);
    }
    for (const tab of await phone.locator('.tabs button').all()) {
      const box = await tab.boundingBox();
      if (right(box) > right(frame)) throw new Error(`${await tab.innerText()} is cut off`);
    }
  }
}

function right(box) {
  return box.x + box.width;
}

async function accessToken() {
  const settings = await (await fetch(`${sandboxUrl}/control/campkeeper.toml`)).text();
  const setting = (name) => new RegExp(`^${name} = "([^"]+)`, 'm').exec(settings)[1];
  const query = new URLSearchParams({ corpid: setting('corp_id'), corpsecret: setting('secret') });
  return (await call(`gettoken?${query}`)).access_token;
}

async function send(token, card) {
  const body = { touser: 'lin.yue', agentid: 1000002, msgtype: 'template_card' };
  const query = new URLSearchParams({ access_token: token });
  await call(`message/send?${query}`, JSON.stringify({ ...body, template_card: card }));
}

async function pictureUrl(token) {
  const form = new FormData();
  form.append('media', new Blob([Buffer.from(PNG, 'base64')], { type: 'image/png' }), 'p.png');
  const query = new URLSearchParams({ access_token: token });
  return (await call(`media/uploadimg?${query}`, form)).url;
}

async function sendToGroup(card) {
  const groups = await control('wecom/groups');
  const { key } = groups.find((group) => group.groupName === '写作营交流群');
  const body = { msgtype: 'template_card', template_card: card };
  await call(`webhook/send?${new URLSearchParams({ key })}`, JSON.stringify(body));
}

async function call(path, body) {
  const url = `${sandboxUrl}/wecom/cgi-bin/${path}`;
  const told = await (await fetch(url, { method: body ? 'POST' : 'GET', body })).json();
  if (told.errcode) throw new Error(`${path}: ${told.errmsg}`);
  return told;
}
