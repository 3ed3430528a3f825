/** The staff API as functions. Knows paths and headers, no page. */

import { ApiError, type ErrorWord, openEnvelope } from './envelope';
import type * as Schemas from './openapi';
import { query, send, type TransportOptions } from './transport';

/** Some work is done before it is answered: a job that is run, a bill that is compared. */
const SLOW_TIMEOUT_MS = 180_000;
/** Words of answers that were lost or are still being made. */
const LOST: readonly ErrorWord[] = ['network', 'busy'];
const MAX_TRIES = 3;
/** How long the server waits for a sync before it answers that it still runs (contract: ≤ 60). */
const SYNC_WAIT_SECONDS = 5;

export type Filters = Record<string, string | undefined>;

export interface ListPage<Item> {
  items: Item[];
  total: number;
  page: number;
  size: number;
}

/** Everything of one request of a list: its filters, and `page` and `size`. */
export type List<Item> = (filters: Filters) => Promise<ListPage<Item>>;

export type StaffApi = ReturnType<typeof createStaffApi>;

export interface StaffApiOptions extends TransportOptions {
  /** Told of every answer that is no good one, before the caller is. */
  onFailure?: (reason: unknown) => void;
}

interface Extras {
  /** The same key again gets the first answer, and nothing is done twice. */
  key?: string;
  body?: unknown;
  form?: FormData;
  timeoutMs?: number;
}

/** The spreadsheets that there are. */
export type ExportFile = 'members' | 'checkins' | 'refunds' | 'payments' | 'report';

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** The cookie of the sign-in counts only with this header, which no foreign page can send. */
const OUR_PAGES = { 'X-Requested-With': 'campkeeper' };

/** 128 random bits; `randomUUID` is there on secure origins only. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function createStaffApi(options: StaffApiOptions = {}) {
  let serverAheadMs = 0;

  async function request<Data>(method: Method, path: string, extras: Extras = {}): Promise<Data> {
    const headers: Record<string, string> = { Accept: 'application/json', ...OUR_PAGES };
    // A form brings its own type.
    if (extras.body !== undefined) headers['Content-Type'] = 'application/json';
    if (extras.key !== undefined) headers['Idempotency-Key'] = extras.key;
    const sent = extras.form ?? (extras.body === undefined ? null : JSON.stringify(extras.body));
    const timeout = extras.timeoutMs === undefined ? {} : { timeoutMs: extras.timeoutMs };
    try {
      const response = await send({ ...options, ...timeout }, `/api${path}`, {
        method,
        headers,
        ...(sent === null ? {} : { body: sent }),
      });
      return await openEnvelope<Data>(response, (timestampMs) => {
        serverAheadMs = timestampMs - Date.now();
      });
    } catch (reason) {
      options.onFailure?.(reason);
      throw reason;
    }
  }

  /** A file is answered without the envelope; what is refused, with it. */
  async function download(path: string): Promise<Blob> {
    const transport = { ...options, timeoutMs: SLOW_TIMEOUT_MS };
    try {
      const init = { method: 'GET', headers: { Accept: 'application/json', ...OUR_PAGES } };
      const response = await send(transport, `/api${path}`, init);
      if (response.ok) return await response.blob();
      return await openEnvelope<never>(response, () => undefined);
    } catch (reason) {
      options.onFailure?.(reason);
      throw reason;
    }
  }

  const get = <Data>(path: string, filters: Filters = {}) =>
    request<Data>('GET', `${path}${query(filters)}`);
  const post = <Data>(path: string, body?: unknown, timeoutMs?: number) =>
    request<Data>('POST', path, { body, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
  /** What changes many rows: where the answer is lost, it is asked for again and not done again. */
  async function postOnce<Data>(path: string, body: unknown): Promise<Data> {
    const key = newKey();
    for (let tries = 1; ; tries++) {
      try {
        return await request<Data>('POST', path, { body, key, timeoutMs: SLOW_TIMEOUT_MS });
      } catch (reason) {
        const isLost = reason instanceof ApiError && LOST.includes(reason.word);
        if (!isLost || tries === MAX_TRIES) throw reason;
        await new Promise((resolve) => setTimeout(resolve, (reason.retryAfterSeconds ?? 1) * 1000));
      }
    }
  }
  function sendFile<Data>(path: string, file: Blob): Promise<Data> {
    const form = new FormData();
    form.append('file', file);
    return request<Data>('POST', path, { form, timeoutMs: SLOW_TIMEOUT_MS });
  }
  const list = <Item>(path: string): List<Item> => (filters) =>
    get<ListPage<Item>>(`/admin${path}`, filters);
  const payment = (number: string): string => `/admin/payments/${encodeURIComponent(number)}`;

  return {
    /** By the server's clock, which deadlines and camp days go by. */
    serverNow: () => Date.now() + serverAheadMs,

    signIn: (username: string, password: string) =>
      post<Schemas.LoginView>('/auth/login', { username, password }),
    signOut: () => post<null>('/auth/logout'),
    me: () => get<Schemas.MeView>('/auth/me'),
    changePassword: (old: string, next: string) =>
      post<null>('/auth/password', { old, new: next }),

    sessions: () => get<Schemas.EnvelopeItemsSessionView['data']>('/auth/sessions'),
    endSession: (id: string) =>
      request<null>('DELETE', `/auth/sessions/${encodeURIComponent(id)}`),
    /** Signs out everywhere, here too. */
    endAllSessions: () => request<null>('DELETE', '/auth/sessions'),

    refunds: list<Schemas.ListedRefund>('/refunds'),
    refund: (id: number) => get<Schemas.RefundDetail>(`/admin/refunds/${id}`),
    buildRefunds: (campId: number) =>
      post<Schemas.BuiltView>(`/admin/refunds/generate/${campId}`, undefined, SLOW_TIMEOUT_MS),
    waivePosts: (campId: number, reason: string) =>
      post<Schemas.BuiltView>(`/admin/refunds/waive-posts/${campId}`, { reason }, SLOW_TIMEOUT_MS),
    proposeRefund: (orderNo: string, reason: string) =>
      post<Schemas.RefundView>('/admin/refunds', { orderNo, reason }),
    approveRefunds: (body: Schemas.BatchApproveBody) =>
      body.dryRun === true
        ? post<Schemas.BatchApproved>('/admin/refunds/batch-approve', body, SLOW_TIMEOUT_MS)
        : postOnce<Schemas.BatchApproved>('/admin/refunds/batch-approve', body),
    rejectRefunds: (ids: number[], reason: string) =>
      postOnce<Schemas.BatchRejected>('/admin/refunds/batch-reject', { ids, reason }),
    retryRefunds: (ids: number[]) =>
      postOnce<Schemas.BatchRetried>('/admin/refunds/retry', { ids }),
    approveRefund: (id: number, proposalHash: string) =>
      post<Schemas.RefundView>(`/admin/refunds/${id}/approve`, { proposalHash }),
    rejectRefund: (id: number, reason: string) =>
      post<Schemas.RefundView>(`/admin/refunds/${id}/reject`, { reason }),
    undoRefund: (id: number) => post<Schemas.RefundView>(`/admin/refunds/${id}/undo`),
    reopenRefund: (id: number, reason: string) =>
      post<Schemas.RefundView>(`/admin/refunds/${id}/reopen`, { reason }),
    retryRefund: (id: number) => post<Schemas.RefundView>(`/admin/refunds/${id}/retry`),
    settleRefund: (id: number, body: Schemas.CloseBody) =>
      post<Schemas.RefundView>(`/admin/refunds/${id}/close`, body, SLOW_TIMEOUT_MS),
    settlePayment: (body: Schemas.ClosePaymentBody) =>
      post<Schemas.RefundView>('/admin/refunds/close', body, SLOW_TIMEOUT_MS),

    appeals: list<Schemas.StaffAppealView>('/appeals'),
    answerAppeal: (id: number, accept: boolean, text: string) =>
      post<Schemas.StaffAppealView>(`/admin/appeals/${id}/answer`, { accept, text }),
    custody: list<Schemas.CustodyView>('/custody'),
    forecast: (campId?: number) =>
      get<Schemas.EnvelopeItemsForecastDay['data']>('/admin/forecast', {
        campId: campId === undefined ? undefined : String(campId),
      }),

    payments: list<Schemas.PaymentView>('/payments'),
    acceptPayment: (number: string, reason: string) =>
      post<null>(`${payment(number)}/accept`, { reason }),
    keepPayment: (number: string, reason: string) =>
      post<null>(`${payment(number)}/keep`, { reason }),

    camps: list<Schemas.CampView>('/camps'),
    camp: (id: number) => get<Schemas.CampWithStats>(`/admin/camps/${id}`),
    createCamp: (body: Schemas.CampBody) => post<Schemas.CampView>('/admin/camps', body),
    updateCamp: (id: number, body: Schemas.CampBody) =>
      request<Schemas.CampView>('PUT', `/admin/camps/${id}`, { body }),
    deleteCamp: (id: number) => request<null>('DELETE', `/admin/camps/${id}`),
    publishCamp: (id: number, createPlanetProject: boolean) =>
      post<Schemas.CampView>(`/admin/camps/${id}/publish`, { createPlanetProject }, SLOW_TIMEOUT_MS),
    withdrawCamp: (id: number) => post<Schemas.CampView>(`/admin/camps/${id}/withdraw`),
    tryOtherRules: (id: number, body: Schemas.WhatIfBody) =>
      body.propose == null
        ? post<Schemas.WhatIfView>(`/admin/camps/${id}/what-if`, body)
        : postOnce<Schemas.WhatIfView>(`/admin/camps/${id}/what-if`, body),
    planetProjects: () =>
      get<Schemas.EnvelopeItemsPlanetProjectView['data']>('/admin/planet-projects'),
    reopenCamp: (id: number, reason: string) =>
      post<Schemas.CampView>(`/admin/camps/${id}/reopen`, { reason }),
    enrollUrl: (id: number) => get<Schemas.EnrollUrl>(`/admin/camps/${id}/enroll-url`),
    personalLinks: (id: number, planetUserIds: string[]) =>
      post<Schemas.EnvelopeItemsPersonalLink['data']>(`/admin/camps/${id}/personal-links`, {
        planetUserIds,
      }),
    upload: (file: Blob) => sendFile<Schemas.UploadView>('/admin/uploads', file),

    members: list<Schemas.MemberView>('/members'),
    member: (id: number) => get<Schemas.MemberDetail>(`/admin/members/${id}`),
    candidates: (id: number) =>
      get<Schemas.EnvelopeItemsCandidateView['data']>(`/admin/members/${id}/candidates`),
    matchMember: (id: number, planetUserId: string, note: string) =>
      post<Schemas.MemberView>(`/admin/members/${id}/match`, {
        planetUserId,
        ...(note === '' ? {} : { note }),
      }),
    unmatchMember: (id: number) => post<Schemas.MemberView>(`/admin/members/${id}/unmatch`),
    setJoined: (id: number, joined: boolean) =>
      post<Schemas.MemberView>(`/admin/members/${id}/joined`, { joined }),
    setAllJoined: (ids: number[], joined: boolean) =>
      postOnce<Schemas.BatchMarked>('/admin/members/joined', { ids, joined }),
    attest: (id: number, days: number, reason: string) =>
      post<Schemas.MemberView>(`/admin/members/${id}/attest`, { days, reason }),

    health: () => get<Schemas.HealthView>('/health'),
    checkIns: list<Schemas.CheckInView>('/checkins'),
    checkInStats: (campId: number) =>
      get<Schemas.CheckInStats>(`/admin/checkins/stats/${campId}`),
    calendar: (campId: number) =>
      get<Schemas.CalendarView>(`/admin/checkins/calendar/${campId}`),
    importRoster: (file: Blob, dryRun: boolean) =>
      sendFile<Schemas.ImportView>(`/admin/roster/import?dryRun=${dryRun}`, file),
    importCheckIns: (campId: number, file: Blob, dryRun: boolean) =>
      sendFile<Schemas.ImportView>(`/admin/checkins/import/${campId}?dryRun=${dryRun}`, file),
    startSync: (campId: number) =>
      post<Schemas.SyncView>(
        `/admin/checkins/sync/${campId}?waitSeconds=${SYNC_WAIT_SECONDS}`,
        undefined,
        SLOW_TIMEOUT_MS,
      ),
    sync: (syncId: number) => get<Schemas.SyncView>(`/admin/checkins/syncs/${syncId}`),
    confirmSync: (syncId: number, reason: string) =>
      post<Schemas.SyncView>(`/admin/checkins/syncs/${syncId}/confirm`, { reason }),

    merchant: () => get<Schemas.MerchantView>('/admin/merchant'),
    probeMerchant: () => post<Schemas.MerchantView>('/admin/merchant/probe'),

    bills: list<Schemas.BillView>('/bills'),
    bill: (date: string) => get<Schemas.BillView>(`/admin/bills/${date}`),
    compareBill: (date: string) =>
      post<Schemas.BillView>(`/admin/bills/${date}/run`, undefined, SLOW_TIMEOUT_MS),
    resolveDifference: (date: string, id: number, body: Schemas.ResolveBody) =>
      post<Schemas.BillView>(
        `/admin/bills/${date}/differences/${id}/resolve`,
        body,
        SLOW_TIMEOUT_MS,
      ),

    report: (filters: Filters) =>
      get<Schemas.ReportView>('/admin/statistics/overview', filters),

    transfers: list<Schemas.TransferView>('/ledger'),
    balances: (campId?: string) =>
      get<Schemas.BalancesView>('/admin/ledger/balances', { campId }),

    logs: list<Schemas.LogView>('/logs'),
    /** Walks the whole log. */
    verifyLogs: () =>
      request<Schemas.ChainView>('GET', '/admin/logs/verify', { timeoutMs: SLOW_TIMEOUT_MS }),
    notifications: list<Schemas.NotificationView>('/notifications'),
    resend: (id: number) =>
      post<Schemas.NotificationView>(`/admin/notifications/${id}/resend`),
    templates: () => get<Schemas.EnvelopeItemsTemplateView['data']>('/admin/templates'),

    /** Whom a camp can have as coach. */
    staff: () => get<Schemas.EnvelopeItemsStaffView['data']>('/admin/staff'),
    users: list<Schemas.UserView>('/users'),
    createUser: (body: Schemas.UserInput) => post<Schemas.UserView>('/admin/users', body),
    updateUser: (id: number, body: Schemas.UserChange) =>
      request<Schemas.UserView>('PUT', `/admin/users/${id}`, { body }),
    deleteUser: (id: number) => request<null>('DELETE', `/admin/users/${id}`),
    resetPassword: (id: number) =>
      post<Schemas.PasswordView>(`/admin/users/${id}/reset-password`),

    /** A list as a spreadsheet, with the list's filters. */
    exported: (file: ExportFile, filters: Filters) =>
      download(`/admin/export/${file}.xlsx${query(filters)}`),

    config: () => get<Record<string, unknown>>('/admin/config'),
    configOverview: () => get<Schemas.ConfigOverview>('/admin/config/overview'),
    /** Changes the keys that the tree names, all or none; the whole tree as it is then. */
    changeConfig: (tree: Record<string, unknown>) =>
      request<Record<string, unknown>>('PUT', '/admin/config', { body: tree }),
    testPlatform: (platform: 'wecom' | 'wechat-pay' | 'zsxq') =>
      post<Schemas.TestView>(`/admin/config/test/${platform}`, undefined, SLOW_TIMEOUT_MS),
    doctor: () =>
      request<Schemas.DoctorView>('GET', '/admin/doctor', { timeoutMs: SLOW_TIMEOUT_MS }),

    jobs: () => get<Schemas.EnvelopeItemsJobView['data']>('/admin/jobs'),
    runJob: (name: string) =>
      post<Schemas.JobDoneView>(`/admin/jobs/${name}/run`, undefined, SLOW_TIMEOUT_MS),
  };
}
