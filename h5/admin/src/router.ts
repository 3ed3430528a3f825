/** Addresses of the console, under `/admin/`. Each page is its own chunk. */

import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router';
import type { Action } from './logic/permissions';
import { may, onSessionChange, recallUser } from './session';

declare module 'vue-router' {
  interface RouteMeta {
    title: string;
    /** What one must be allowed to do somewhere, to be shown the page. */
    needs?: Action;
    /** Shown without the frame, to anybody. */
    isOpen?: boolean;
    /** The entry of the menu that it belongs to. */
    menu?: string;
  }
}

const id = (name: string) => `:${name}(\\d+)`;
const numberOf = (value: unknown): number => Number(value);

const inside: RouteRecordRaw[] = [
  { path: '', name: 'home', component: () => import('./pages/HomePage.vue'), meta: { title: '首页' } },
  {
    path: 'refunds',
    name: 'refunds',
    component: () => import('./pages/RefundsPage.vue'),
    meta: { title: '退款', needs: 'review_refunds' },
  },
  {
    path: `refunds/${id('refundId')}`,
    name: 'refund',
    component: () => import('./pages/RefundPage.vue'),
    props: (route) => ({ refundId: numberOf(route.params['refundId']) }),
    meta: { title: '退款依据', needs: 'review_refunds', menu: 'refunds' },
  },
  {
    path: 'appeals',
    name: 'appeals',
    component: () => import('./pages/AppealsPage.vue'),
    meta: { title: '申诉', needs: 'answer_appeals' },
  },
  {
    path: 'custody',
    name: 'custody',
    component: () => import('./pages/CustodyPage.vue'),
    meta: { title: '押金去向', needs: 'review_refunds' },
  },
  {
    path: 'payments',
    name: 'payments',
    component: () => import('./pages/PaymentsPage.vue'),
    meta: { title: '付款', needs: 'view_payments' },
  },
  {
    path: 'camps',
    name: 'camps',
    component: () => import('./pages/CampsPage.vue'),
    meta: { title: '训练营', needs: 'view_camp' },
  },
  {
    path: 'camps/new',
    name: 'camp-new',
    component: () => import('./pages/CampEditPage.vue'),
    props: (route) => ({ campId: null, sourceId: numberOf(route.query['copyOf']) || null }),
    meta: { title: '创建训练营', needs: 'manage_camps', menu: 'camps' },
  },
  {
    path: `camps/${id('campId')}`,
    name: 'camp',
    component: () => import('./pages/CampPage.vue'),
    props: (route) => ({ campId: numberOf(route.params['campId']) }),
    meta: { title: '训练营', needs: 'view_camp', menu: 'camps' },
  },
  {
    path: `camps/${id('campId')}/edit`,
    name: 'camp-edit',
    component: () => import('./pages/CampEditPage.vue'),
    props: (route) => ({ campId: numberOf(route.params['campId']), sourceId: null }),
    meta: { title: '编辑训练营', needs: 'manage_camps', menu: 'camps' },
  },
  {
    path: 'members',
    name: 'members',
    component: () => import('./pages/MembersPage.vue'),
    meta: { title: '会员', needs: 'view_camp' },
  },
  {
    path: `members/${id('memberId')}`,
    name: 'member',
    component: () => import('./pages/MemberPage.vue'),
    props: (route) => ({ memberId: numberOf(route.params['memberId']) }),
    meta: { title: '会员', needs: 'view_camp', menu: 'members' },
  },
  {
    path: 'members/roster',
    name: 'roster',
    component: () => import('./pages/RosterPage.vue'),
    meta: { title: '导入成员名单', needs: 'import_roster', menu: 'members' },
  },
  {
    path: 'checkins',
    name: 'checkins',
    component: () => import('./pages/CheckInsPage.vue'),
    meta: { title: '打卡记录', needs: 'view_camp' },
  },
  {
    path: `camps/${id('campId')}/calendar`,
    name: 'calendar',
    component: () => import('./pages/CalendarPage.vue'),
    props: (route) => ({ campId: numberOf(route.params['campId']) }),
    meta: { title: '打卡日历', needs: 'view_camp', menu: 'checkins' },
  },
  {
    path: `camps/${id('campId')}/import-checkins`,
    name: 'import-checkins',
    component: () => import('./pages/CheckInImportPage.vue'),
    props: (route) => ({ campId: numberOf(route.params['campId']) }),
    meta: { title: '导入打卡', needs: 'state_days', menu: 'checkins' },
  },
  {
    path: 'reports',
    name: 'reports',
    component: () => import('./pages/ReportsPage.vue'),
    meta: { title: '报表', needs: 'view_reports' },
  },
  {
    path: 'merchant',
    name: 'merchant',
    component: () => import('./pages/MerchantPage.vue'),
    meta: { title: '商户', needs: 'probe_merchant' },
  },
  {
    path: 'bills',
    name: 'bills',
    component: () => import('./pages/BillsPage.vue'),
    meta: { title: '对账', needs: 'view_payments' },
  },
  {
    path: 'bills/:date(\\d{4}-\\d{2}-\\d{2})',
    name: 'bill',
    component: () => import('./pages/BillPage.vue'),
    props: true,
    meta: { title: '对账', needs: 'view_payments', menu: 'bills' },
  },
  {
    path: 'ledger',
    name: 'ledger',
    component: () => import('./pages/LedgerPage.vue'),
    meta: { title: '账本', needs: 'view_payments' },
  },
  {
    path: 'users',
    name: 'users',
    component: () => import('./pages/UsersPage.vue'),
    meta: { title: '用户', needs: 'manage_users' },
  },
  {
    path: 'logs',
    name: 'logs',
    component: () => import('./pages/LogsPage.vue'),
    meta: { title: '日志', needs: 'view_logs' },
  },
  {
    path: 'messages',
    name: 'messages',
    component: () => import('./pages/MessagesPage.vue'),
    meta: { title: '消息', needs: 'view_logs' },
  },
  {
    path: 'templates',
    name: 'templates',
    component: () => import('./pages/TemplatesPage.vue'),
    meta: { title: '消息模板', needs: 'view_logs', menu: 'messages' },
  },
  {
    path: 'jobs',
    name: 'jobs',
    component: () => import('./pages/JobsPage.vue'),
    meta: { title: '任务', needs: 'run_jobs' },
  },
  // Cards lead everybody here, so everybody is told who can do it.
  {
    path: 'config',
    name: 'config',
    component: () => import('./pages/ConfigPage.vue'),
    meta: { title: '设置' },
  },
  {
    path: 'help/:manual([a-z-]+)?',
    name: 'help',
    component: () => import('./pages/HelpPage.vue'),
    props: true,
    meta: { title: '帮助' },
  },
  {
    path: 'password',
    name: 'password',
    component: () => import('./pages/PasswordPage.vue'),
    meta: { title: '密码与登录' },
  },
  {
    path: ':rest(.*)*',
    name: 'missing',
    component: () => import('./pages/MissingPage.vue'),
    meta: { title: '没有这个页面' },
  },
];

export const router = createRouter({
  history: createWebHistory(import.meta.env.BASE_URL),
  routes: [
    {
      path: '/sign-in',
      name: 'sign-in',
      component: () => import('./pages/SignInPage.vue'),
      meta: { title: '登录', isOpen: true },
    },
    {
      path: '/',
      component: () => import('./components/AppFrame.vue'),
      meta: { title: '管理后台' },
      children: inside,
    },
  ],
  scrollBehavior: (to, from, saved) => saved ?? (to.path === from.path ? false : { top: 0 }),
});

router.beforeEach(async (to) => {
  if (to.meta.isOpen === true) return true;
  const known = await recallUser().catch(() => undefined);
  // The line, not the session: the frame says so and offers to try again.
  if (known === undefined) return true;
  if (known === null) return { name: 'sign-in', query: backTo(to.fullPath) };
  if (known.mustChangePassword && to.name !== 'password') {
    return { name: 'password', query: backTo(to.fullPath) };
  }
  if (to.meta.needs !== undefined && !may(to.meta.needs)) {
    return { name: 'missing', params: { rest: to.path.split('/').slice(1) }, query: to.query };
  }
  return true;
});

router.afterEach((to) => {
  document.title = `${to.meta.title} · 管理后台`;
});

onSessionChange((why) => {
  const here = router.currentRoute.value;
  if (here.meta.isOpen === true || here.name === 'password') return;
  const name = why === 'signed_out' ? 'sign-in' : 'password';
  void router.replace({ name, query: backTo(here.fullPath) });
});

function backTo(path: string): Record<string, string> {
  return path === '/' ? {} : { back: path };
}

/** Where to go after signing in: a page of ours, whatever the address says. */
export function wayBack(back: unknown): string {
  return typeof back === 'string' && /^\/(?![/\\])/.test(back) ? back : '/';
}
