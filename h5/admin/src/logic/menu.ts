/** The side menu: which pages there are, and which of them a role is shown. */

import { type Action, may } from './permissions';

export interface MenuEntry {
  name: string;
  title: string;
  icon: string;
  needs: Action | null;
}

export interface MenuGroup {
  title: string;
  entries: MenuEntry[];
}

const MENU: readonly MenuGroup[] = [
  {
    title: '',
    entries: [
      { name: 'home', title: '首页', icon: 'House', needs: null },
      { name: 'help', title: '帮助', icon: 'Reading', needs: null },
    ],
  },
  {
    title: '押金',
    entries: [
      { name: 'refunds', title: '退款', icon: 'Checked', needs: 'review_refunds' },
      { name: 'appeals', title: '申诉', icon: 'ChatLineSquare', needs: 'answer_appeals' },
      { name: 'custody', title: '押金去向', icon: 'Guide', needs: 'review_refunds' },
      { name: 'payments', title: '付款', icon: 'Wallet', needs: 'view_payments' },
    ],
  },
  {
    title: '训练营',
    entries: [
      { name: 'camps', title: '训练营', icon: 'Flag', needs: 'view_camp' },
      { name: 'members', title: '会员', icon: 'User', needs: 'view_camp' },
      { name: 'checkins', title: '打卡', icon: 'Calendar', needs: 'view_camp' },
      { name: 'reports', title: '报表', icon: 'DataLine', needs: 'view_reports' },
    ],
  },
  {
    title: '账务',
    entries: [
      { name: 'merchant', title: '商户', icon: 'Shop', needs: 'probe_merchant' },
      { name: 'bills', title: '对账', icon: 'Tickets', needs: 'view_payments' },
      { name: 'ledger', title: '账本', icon: 'Notebook', needs: 'view_payments' },
    ],
  },
  {
    title: '系统',
    entries: [
      { name: 'users', title: '用户', icon: 'Avatar', needs: 'manage_users' },
      { name: 'logs', title: '日志', icon: 'Document', needs: 'view_logs' },
      { name: 'messages', title: '消息', icon: 'Message', needs: 'view_logs' },
      { name: 'jobs', title: '任务', icon: 'Timer', needs: 'run_jobs' },
      { name: 'config', title: '设置', icon: 'Setting', needs: 'manage_config' },
    ],
  },
];

/** What a role may open, without groups that would be empty. */
export function menuOf(role: string): MenuGroup[] {
  return MENU.map((group) => ({
    ...group,
    entries: group.entries.filter(({ needs }) => needs === null || may(role, needs)),
  })).filter((group) => group.entries.length > 0);
}
