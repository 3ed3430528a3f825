/** Addresses of the member pages, under `/h5/`. Each page is its own chunk. */

import {
  createRouter,
  createWebHistory,
  type RouteLocationNormalized,
  type RouteRecordRaw,
} from 'vue-router';
import { shallowRef } from 'vue';
import { campDetail, campList, prefillOf } from './camp-requests';

declare module 'vue-router' {
  interface RouteMeta {
    title: string;
    /** Asks the page's first question while its script is being loaded. */
    begin?: (to: RouteLocationNormalized) => void;
  }
}

const routes: RouteRecordRaw[] = [
  {
    path: '/',
    name: 'camps',
    component: () => import('./pages/CampListPage.vue'),
    meta: { title: '训练营', begin: () => campList.begin() },
  },
  {
    path: '/camps/:campId(\\d+)',
    name: 'camp',
    component: () => import('./pages/CampDetailPage.vue'),
    props: (route) => ({ campId: Number(route.params['campId']) }),
    meta: {
      title: '训练营详情',
      begin: (to) => campDetail.begin(Number(to.params['campId']), prefillOf(to)),
    },
  },
  {
    path: '/orders',
    name: 'orders',
    component: () => import('./pages/OrdersPage.vue'),
    meta: { title: '我的报名' },
  },
  {
    path: '/orders/:orderNo/pay',
    name: 'pay',
    component: () => import('./pages/PayPage.vue'),
    props: true,
    meta: { title: '支付押金' },
  },
  {
    path: '/orders/:orderNo/bind',
    name: 'bind',
    component: () => import('./pages/BindPage.vue'),
    props: true,
    meta: { title: '绑定星球账号' },
  },
  {
    path: '/orders/:orderNo/group',
    name: 'group',
    component: () => import('./pages/GroupQrPage.vue'),
    props: true,
    meta: { title: '加入训练营群' },
  },
  {
    path: '/progress/:memberId(\\d+)',
    name: 'progress',
    component: () => import('./pages/ProgressPage.vue'),
    props: (route) => ({ memberId: Number(route.params['memberId']) }),
    meta: { title: '打卡进度' },
  },
  {
    path: '/settlements/:publicId([0-9a-f]+)',
    name: 'settlement',
    component: () => import('./pages/SettlementPage.vue'),
    props: true,
    meta: { title: '结营公示' },
  },
  {
    path: '/:rest(.*)*',
    name: 'missing',
    component: () => import('./pages/NotFoundPage.vue'),
    meta: { title: '页面不存在' },
  },
];

export const router = createRouter({
  history: createWebHistory(import.meta.env.BASE_URL),
  routes,
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
});

router.beforeEach((to, from) => {
  // A change of the query alone keeps the page, and its data, on the screen.
  if (to.path !== from.path || from.matched.length === 0) to.meta.begin?.(to);
});

/** Where a tap was to lead that came to nothing, most likely for want of a line; null otherwise. */
export const missedPage = shallowRef<string | null>(null);

router.onError((error, to) => {
  console.warn('a page could not be loaded', error);
  missedPage.value = to.fullPath;
});

router.afterEach((to) => {
  missedPage.value = null;
  document.title = to.meta.title;
});
