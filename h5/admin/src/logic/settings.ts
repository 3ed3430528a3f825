/** The settings that the console shows, in groups; the rest of the file stays in the file. */

export type SettingKind = 'text' | 'secret' | 'number' | 'switch' | 'people';

export interface Setting {
  /** As in the file: `zsxq.cookie`. */
  key: string;
  title: string;
  kind: SettingKind;
  /** Where to find it, or what it does. */
  hint: string;
}

export interface SettingGroup {
  title: string;
  /** What its test button tries. */
  test: 'wecom' | 'wechat-pay' | 'zsxq' | null;
  settings: readonly Setting[];
}

const text = (key: string, title: string, hint = ''): Setting => ({ key, title, kind: 'text', hint });
const secret = (key: string, title: string, hint = ''): Setting => ({ key, title, kind: 'secret', hint });
const number = (key: string, title: string, hint = ''): Setting => ({ key, title, kind: 'number', hint });
const turned = (key: string, title: string, hint = ''): Setting => ({ key, title, kind: 'switch', hint });

export const SETTING_GROUPS: readonly SettingGroup[] = [
  {
    title: '企业微信',
    test: 'wecom',
    settings: [
      text('wecom.corp_id', '企业 ID', '企业微信后台 → 我的企业 → 企业信息'),
      number('wecom.agent_id', '应用 AgentId', '应用管理 → 自建应用'),
      secret('wecom.secret', '应用 Secret', '与 AgentId 在同一页'),
      secret('wecom.token', '回调 Token', '应用 → 接收消息 → 设置 API 接收'),
      secret('wecom.encoding_aes_key', '回调 EncodingAESKey', '43 个字符，与 Token 在同一页'),
      secret('wecom.proxy', '固定出口代理', '企业可信 IP 需要固定地址时填：http://用户:密码@地址:端口'),
    ],
  },
  {
    title: '智能机器人',
    test: null,
    settings: [
      text('wecom.smart_bot.name', '名字', '群里 @ 后面的名字'),
      secret('wecom.smart_bot.token', 'Token', '企业微信后台 → 智能机器人 → API 模式'),
      secret('wecom.smart_bot.encoding_aes_key', 'EncodingAESKey', '43 个字符'),
    ],
  },
  {
    title: '微信支付',
    test: 'wechat-pay',
    settings: [
      text('wechat_pay.app_id', 'AppID', '从企业微信登录的会员用企业 ID'),
      text('wechat_pay.mch_id', '商户号', '商户平台 → 账户中心 → 商户信息'),
      text('wechat_pay.serial_no', '证书序列号', '账户中心 → API 安全 → 商户 API 证书'),
      text('wechat_pay.private_key_file', '私钥文件', '服务器上 apiclient_key.pem 的路径'),
      secret('wechat_pay.api_v3_key', 'APIv3 密钥', '32 个字符'),
      text('wechat_pay.public_key_id', '微信支付公钥 ID', 'PUB_KEY_ID_ 开头；用平台证书的商户留空'),
      text('wechat_pay.public_key_file', '微信支付公钥文件', '服务器上 pub_key.pem 的路径'),
    ],
  },
  {
    title: '知识星球',
    test: 'zsxq',
    settings: [
      text('zsxq.group_id', '星球编号', 'wx.zsxq.com/group/ 后面的数字'),
      secret('zsxq.cookie', 'Cookie', '登录后浏览器里的 zsxq_access_token'),
      number('zsxq.calls_per_day', '每天最多读取', '次；0 为不限'),
    ],
  },
  {
    title: '通知',
    test: null,
    settings: [
      { key: 'notify.recipients', title: '通知接收人', kind: 'people', hint: '收审核卡片和提醒的人；没有选人时发给超级管理员' },
      turned('notify.app_messages', '给会员发应用消息', '关掉后不再用应用给会员发退款通知和提醒；工作人员照常收到，会员在自己的页面上都能看到'),
      turned('reminders.not_joined', '提醒：付款一天还没进群'),
      turned('reminders.ends_tomorrow', '提醒：明天结营'),
      turned('reminders.ended', '提醒：已结营，请审核退款'),
      turned('reminders.urging', '允许催打卡'),
    ],
  },
  {
    title: '退款与承诺',
    test: null,
    settings: [
      number('camp.default_grace_days', '新训练营的宽限天数', '天'),
      number('refund.undo_seconds', '通过后可撤回', '秒；0 为立即退款'),
      number('refund.second_approver_over_fen', '超过多少要两人审核', '分；0 为一人即可'),
      number('promise.list_within', '结营后几天内出名单', '天；改动只影响之后的报名'),
      number('promise.decision_within', '结营后几天内审核', '天'),
      number('promise.money_within', '通过后几天内到账', '天'),
      text('support.contact', '会员页上的联系方式'),
    ],
  },
];

export type Tree = Record<string, unknown>;

/** The value of a key in the tree; undefined where the server does not know the key. */
export function valueAt(tree: Tree, key: string): unknown {
  let at: unknown = tree;
  for (const name of key.split('.')) {
    if (typeof at !== 'object' || at === null || Array.isArray(at)) return undefined;
    at = (at as Tree)[name];
  }
  return at;
}

/** Whether a secret has a value; it is never told which. */
export function isSet(value: unknown): boolean {
  return typeof value === 'object' && value !== null && (value as { set?: unknown }).set === true;
}

/** The tree that changes these keys and nothing else. */
export function treeOf(changes: ReadonlyMap<string, unknown>): Tree {
  const tree: Tree = {};
  for (const [key, value] of changes) {
    const names = key.split('.');
    const last = names.pop() ?? key;
    let at = tree;
    for (const name of names) {
      at[name] ??= {};
      at = at[name] as Tree;
    }
    at[last] = value;
  }
  return tree;
}

/** Addresses to enter at the platforms. */
export function webhooks(publicUrl: string): { title: string; url: string; where: string }[] {
  const host = publicUrl.replace(/^https?:\/\//, '');
  return [
    { title: '应用回调 URL', url: `${publicUrl}/api/webhook/wecom/app`, where: '企业微信后台 → 应用 → 接收消息 → 设置 API 接收' },
    { title: '智能机器人回调 URL', url: `${publicUrl}/api/webhook/wecom/bot`, where: '企业微信后台 → 智能机器人 → API 模式' },
    { title: '可信域名', url: host, where: '企业微信后台 → 应用 → 网页授权及JS-SDK，以及企业微信授权登录' },
    { title: '应用主页', url: `${publicUrl}/h5/`, where: '企业微信后台 → 应用 → 应用主页' },
    { title: '支付授权目录', url: `${publicUrl}/h5/`, where: '商户平台 → 产品中心 → 开发配置' },
  ];
}
