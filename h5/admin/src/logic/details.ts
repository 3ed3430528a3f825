/** Details of the log as lines: what changed, from what to what. */

import { yuan } from './shown';

const MAX_LINES = 8;

const NAMES: Record<string, string> = {
  name: '名称',
  displayName: '姓名',
  username: '用户名',
  role: '角色',
  status: '状态',
  password: '密码',
  wecomUserId: '企业微信',
  terms: '规则',
  depositFen: '押金',
  amountFen: '金额',
  sumFen: '合计',
  fen: '金额',
  startDate: '开始日期',
  endDate: '结束日期',
  totalDays: '总天数',
  requiredDays: '要求天数',
  graceDays: '宽限天数',
  coaches: '教练',
  volunteers: '志愿者',
  planetProjectId: '星球打卡项目',
  planetUserId: '星球账号',
  reason: '原因',
  note: '备注',
  way: '方式',
  days: '天数',
  joined: '进群',
  orderNo: '订单',
  refundNo: '退款单',
  campId: '训练营',
  count: '人数',
  added: '新增',
  changed: '更改',
  refreshed: '更新',
  withdrawn: '撤下',
  unchanged: '不变',
  clear: '可直接通过',
  toLookAt: '需要看一下',
  notEligible: '不符合',
  waiting: '还在等',
  errors: '错误',
  bytes: '字节',
  contentType: '格式',
};
/** Digests are for programs. */
const HIDDEN = new Set(['proposalHash', 'requestHash']);

/** `{"name":{"from":"a","to":"b"}}` → `名称：a → b`. Tampered rows may hold anything. */
export function detailLines(details: unknown): string[] {
  if (details === null || details === undefined || details === '') return [];
  if (!isRecord(details)) return [said('', details)];
  const lines = entriesOf(details);
  return lines.length > MAX_LINES
    ? [...lines.slice(0, MAX_LINES), `还有 ${lines.length - MAX_LINES} 项`]
    : lines;
}

function entriesOf(record: Record<string, unknown>): string[] {
  return Object.entries(record)
    .filter(([key, value]) => !HIDDEN.has(key) && value !== null && value !== '')
    .map(([key, value]) => `${NAMES[key] ?? key}：${said(key, value)}`);
}

function said(key: string, value: unknown): string {
  if (value === null || value === undefined || value === '') return '无';
  if (typeof value === 'string') return value;
  if (typeof value === 'number' && /(^f|F)en$/.test(key) && Number.isSafeInteger(value)) return yuan(value);
  if (!isRecord(value)) return JSON.stringify(value);
  if ('from' in value && 'to' in value) {
    return `${said(key, value['from'])} → ${said(key, value['to'])}`;
  }
  return entriesOf(value).join('，');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
