/** The fixed words of the API as staff read them; the same words as on the cards and in the chat. */

import type { Option } from './filters';

export type Tone = 'primary' | 'success' | 'warning' | 'danger' | 'info';

export interface Word {
  text: string;
  tone: Tone;
}

export type Words = Readonly<Record<string, Word>>;

export const word = (text: string, tone: Tone = 'info'): Word => ({ text, tone });

export const ROLE: Words = {
  super_admin: word('超级管理员', 'danger'),
  admin: word('管理员', 'primary'),
  coach: word('教练', 'success'),
  volunteer: word('志愿者'),
};

export const CAMP_STATUS: Words = {
  draft: word('草稿'),
  pending: word('待发布', 'warning'),
  enrolling: word('报名中', 'primary'),
  ongoing: word('进行中', 'success'),
  ended: word('已结束', 'warning'),
  settling: word('结算中', 'warning'),
  archived: word('已归档'),
};

/** Several statuses at once, for the list. */
export const CAMP_PHASE: readonly Option[] = [
  { value: 'upcoming', label: '未开始' },
  { value: 'running', label: '进行中' },
  { value: 'over', label: '已结束' },
  { value: 'draft', label: '草稿' },
  { value: 'pending', label: '待发布' },
  { value: 'enrolling', label: '报名中' },
  { value: 'settling', label: '结算中' },
  { value: 'archived', label: '已归档' },
];

export const REFUND_STATUS: Words = {
  pending: word('待审核', 'warning'),
  awaiting_second: word('待复核', 'warning'),
  approved: word('已通过', 'primary'),
  processing: word('处理中', 'primary'),
  success: word('已退款', 'success'),
  failed: word('退款失败', 'danger'),
  manual_required: word('需人工处理', 'danger'),
  rejected: word('已拒绝'),
  closed: word('已关闭'),
};

export const ELIGIBLE: Words = {
  true: word('✓ 符合', 'success'),
  false: word('✗ 不符合', 'danger'),
};

/** What the days say about a member by some rules. */
export const JUDGEMENT: Words = {
  eligible: word('符合', 'success'),
  by_grace: word('靠宽限符合', 'warning'),
  not_eligible: word('不符合', 'danger'),
};

/** While a camp runs, who has not the days yet is not refused. */
export const ELIGIBLE_SO_FAR: Words = {
  true: word('✓ 符合', 'success'),
  false: word('未达标'),
};

export const REFUND_KIND: Words = {
  deposit: word('押金'),
  duplicate: word('重复付款', 'warning'),
  wrong_amount: word('付款金额不符', 'warning'),
  late: word('订单关闭后才付款', 'warning'),
  unknown_order: word('不认识的订单', 'warning'),
  other_appid: word('付到了另一个应用', 'warning'),
  manual: word('老师发起', 'warning'),
};

export const REFUND_FLAG: Words = {
  grace: word('用到宽限天数', 'warning'),
  days_disagree: word('排行与帖子天数不一致', 'warning'),
  posts_missing: word('帖子没有读全，只有排行', 'warning'),
  attested: word('天数由人工填写或导入', 'warning'),
  low_confidence: word('身份未确认', 'danger'),
  contested: word('身份有争议', 'danger'),
  appealed: word('有申诉', 'warning'),
  rejected_before: word('之前拒绝过', 'warning'),
};

export const CLOSED_AS: Words = {
  settled_outside: word('线下结清', 'success'),
  replaced: word('已换新单号'),
};

export const SETTLEMENT_WAY: Words = {
  transfer: word('转账'),
  cash: word('现金'),
  merchant_platform: word('商户平台退款'),
  other: word('其他方式'),
};

/** What WeChat Pay or we said where a refund did not go through. */
export const FAILURE: Words = {
  not_enough: word('商户余额不足', 'danger'),
  user_account_abnormal: word('会员的微信账户异常，收不了款', 'danger'),
  abnormal: word('会员的零钱或银行卡状态异常', 'danger'),
  mismatch: word('与订单或微信支付的记录对不上', 'danger'),
  closed: word('微信支付关闭了这笔退款，重试会换新单号', 'danger'),
  refused: word('微信支付拒绝了退款', 'danger'),
  frequency_limited: word('请求太频繁', 'danger'),
  rate_limited: word('请求太频繁', 'danger'),
  ratelimit_exceeded: word('请求太频繁', 'danger'),
  system_error: word('微信支付系统繁忙', 'danger'),
  service_unavailable: word('微信支付系统繁忙', 'danger'),
  bank_error: word('微信支付系统繁忙', 'danger'),
  no_auth: word('商户号没有退款权限', 'danger'),
  sign_error: word('微信支付不认我们的签名', 'danger'),
  mch_not_exists: word('微信支付不认识这个商户号', 'danger'),
  appid_mchid_not_match: word('应用与商户号没有绑定', 'danger'),
  resource_not_exists: word('微信支付查不到这笔订单', 'danger'),
  order_not_exist: word('微信支付查不到这笔订单', 'danger'),
  mch_order_not_exist: word('微信支付查不到这笔订单', 'danger'),
};

export const CALL_OUTCOME: Words = {
  accepted: word('已受理', 'success'),
  refused: word('被拒绝', 'danger'),
  held_up: word('商户号不能退款', 'warning'),
  unknown: word('结果未知', 'warning'),
};

export const MATCH_STATUS: Words = {
  matched: word('已匹配', 'success'),
  pending: word('待匹配', 'warning'),
  failed: word('匹配失败', 'danger'),
};

export const BIND_STATUS: Words = {
  pending: word('待绑定', 'warning'),
  completed: word('已绑定', 'success'),
  expired: word('已过绑定期', 'warning'),
  manual_required: word('需人工匹配', 'danger'),
  closed: word('已结束'),
};

export const BIND_METHOD: Words = {
  dynamic_qrcode: word('专属链接'),
  user_fill: word('会员自填'),
  smart_match: word('智能匹配'),
  manual: word('人工匹配'),
};

export const DAYS_SOURCE: Words = {
  ranking: word('排行'),
  post: word('帖子'),
  import: word('导入'),
  attested: word('人工填写'),
};

export const ORDER_STATUS: Words = {
  created: word('待支付'),
  paid: word('已支付', 'success'),
  refunding: word('退款中', 'primary'),
  refunded: word('已退款'),
  closed: word('已关闭'),
};

export const ORDER_FLAG: Words = {
  duplicate: word('重复付款', 'warning'),
  wrong_amount: word('金额不符', 'warning'),
  late: word('晚付', 'warning'),
  unknown_order: word('不认识的订单', 'danger'),
  other_appid: word('另一个应用', 'danger'),
};

export const CUSTODY_WHAT: Words = {
  bind: word('等会员绑定星球账号'),
  match: word('等工作人员匹配'),
  list: word('等退款名单'),
  decide: word('等审核'),
  undo: word('撤回时间内'),
  answer: word('等答复申诉'),
  manual: word('等人工处理'),
  evidence: word('等打卡数据'),
  merchant: word('等商户号恢复'),
  wechat: word('等微信支付'),
  object: word('可申诉期内'),
};

export const APPEAL_KIND: Words = {
  day: word('某一天的打卡'),
  verdict: word('天数不足的判定'),
  rejection: word('退款被拒绝'),
};

export const APPEAL_STATUS: Words = {
  open: word('待答复', 'warning'),
  accepted: word('已采纳', 'success'),
  refused: word('已驳回'),
};

export const CUSTODY_WHO: Words = {
  member: word('会员'),
  staff: word('工作人员', 'warning'),
  planet: word('知识星球'),
  wechat: word('微信支付'),
};

export const ACCOUNT: Words = {
  bank: word('收到的款'),
  held: word('押金在管'),
  suspense: word('待定款'),
  reserved: word('退款途中'),
  returned: word('已退回'),
  settled_outside: word('线下结清'),
  kept: word('留存'),
  loss: word('损失', 'danger'),
};

export const TRANSFER_KIND: Words = {
  plain: word('记账'),
  pending: word('预留', 'warning'),
  post: word('落账', 'success'),
  void: word('撤销预留'),
};

export const BILL_STATE: Words = {
  equal: word('一致', 'success'),
  different: word('有差异', 'danger'),
  unavailable: word('还没有账单', 'warning'),
};

export const BILL_FAILURE: Words = {
  creating: word('微信支付还在生成'),
  unanswered: word('微信支付没有答复'),
  refused: word('微信支付拒绝提供'),
  unreadable: word('账单读不出来'),
};

export const DIFFERENCE_KIND: Words = {
  missing_here: word('我们没有', 'danger'),
  missing_there: word('账单没有', 'danger'),
  mismatch: word('两边不同', 'warning'),
};

export const RESOLUTION: Words = {
  book: word('补记'),
  correct: word('核对'),
  accept: word('接受'),
};

export const ACCOUNT_STATUS: Words = {
  active: word('启用', 'success'),
  disabled: word('停用'),
};

export const CHANNEL: Words = {
  card: word('卡片'),
  chat: word('聊天'),
  console: word('后台'),
  h5: word('会员页'),
  job: word('定时任务'),
  callback: word('平台回调'),
  command_line: word('命令行'),
};

export const MESSAGE_STATUS: Words = {
  pending: word('待发送', 'warning'),
  sent: word('已发送', 'success'),
  failed: word('发送失败', 'danger'),
  unknown: word('结果未知', 'warning'),
  merged: word('已合并'),
};

export const MESSAGE_CHANNEL: Words = {
  wecom_app: word('应用消息'),
  group_robot: word('群机器人'),
};

export const SYNC_STATE: Words = {
  running: word('正在同步', 'primary'),
  complete: word('同步完成', 'success'),
  partial: word('没有读全', 'warning'),
  failed: word('同步失败', 'danger'),
};

export const JOB: Words = {
  'advance-camps': word('推进训练营状态'),
  'sync-checkins': word('同步打卡'),
  'expire-bindings': word('绑定到期'),
  'smart-match': word('智能匹配'),
  'build-refund-lists': word('生成退款名单'),
  'run-refunds': word('发出退款'),
  'work-inbox': word('处理企业微信回调'),
  'send-outbox': word('发送消息'),
  'reconcile-payments': word('核对付款'),
  'check-cookie': word('检查星球 Cookie'),
  watch: word('逾期提醒'),
  reminders: word('每日提醒'),
  'trade-bill': word('与微信账单对账'),
  'audit-books': word('核对账本'),
  backup: word('备份'),
  'restore-drill': word('恢复演练'),
  retention: word('清理过期数据'),
};

export const JOB_OUTCOME: Words = {
  done: word('完成', 'success'),
  failed: word('失败', 'danger'),
  skipped: word('跳过'),
};

/** Who made a move where it was no person. */
const OPERATORS: Record<string, string> = {
  member: '会员',
  wechat_pay: '微信支付',
  system: '系统',
  refund_list: '退款名单',
};

/** Reasons that no person gave. */
const MACHINE_REASONS: Record<string, string> = {
  '': '—',
  'refund list': '列入名单',
  approved: '—',
  refunded: '微信支付已退款',
  withdrawn: '—',
};

/** A person's words as they are, the machine's in Chinese. */
export function reasonText(reason: string): string {
  const attempt = /^try (\d+)$/.exec(reason);
  if (attempt !== null) return `第 ${attempt[1]} 次`;
  return MACHINE_REASONS[reason] ?? reason;
}

/** The word, or what the server says where it is newer than this page. */
export function shown(words: Words, value: string | null | undefined): Word {
  if (value == null || value === '') return word('—');
  return Object.hasOwn(words, value) ? (words[value] ?? word(value)) : word(value);
}

export function textOf(words: Words, value: string | null | undefined): string {
  return shown(words, value).text;
}

export function optionsOf(words: Words): Option[] {
  return Object.entries(words).map(([value, { text }]) => ({ value, label: text }));
}

/** A name, or which job or platform it was. */
export function operatorText(operator: string): string {
  return OPERATORS[operator] ?? (Object.hasOwn(JOB, operator) ? textOf(JOB, operator) : operator);
}
