/** The member API as functions. Knows paths and headers, no page and no storage. */

import { openEnvelope } from './envelope';
import { query, send, type TransportOptions } from './transport';
import type {
  Appeal,
  AppealRequest,
  BindRequest,
  BindResult,
  CampDetail,
  CampList,
  GroupQr,
  Joined,
  JsConfig,
  Me,
  MemberUpload,
  Payment,
  PaymentParams,
  PaymentRequest,
  PaymentStatus,
  PlanetUserMatch,
  Progress,
  Settlement,
  SettlementLine,
} from './types';

/** The page size that lists ask for: the contract's greatest, so that one page is all. */
const LIST_SIZE = 100;

export interface PlanetPrefillQuery {
  planetUserId?: string | undefined;
  ticket?: string | undefined;
}

export type MemberApi = ReturnType<typeof createMemberApi>;

export function createMemberApi(options: TransportOptions = {}) {
  let serverAheadMs = 0;
  const request = createRequester(options, (timestampMs) => {
    serverAheadMs = timestampMs - Date.now();
  });
  const order = (orderNo: string): string => `/payments/${encodeURIComponent(orderNo)}`;

  return {
    camps: () => request<CampList>('GET', `/camps${query({ size: String(LIST_SIZE) })}`),
    camp: (campId: number, prefill: PlanetPrefillQuery = {}) =>
      request<CampDetail>('GET', `/camps/${campId}${query({ ...prefill })}`),
    me: () => request<Me>('GET', '/me'),
    jsConfig: (url: string) => request<JsConfig>('GET', `/js-config${query({ url })}`),
    planetUser: (q: string, nickname: string) =>
      request<PlanetUserMatch>('GET', `/planet-users${query({ q, nickname })}`),
    pay: (body: PaymentRequest) => request<Payment>('POST', '/payments', { body }),
    paymentParams: (orderNo: string) =>
      request<PaymentParams>('GET', `${order(orderNo)}/params`),
    /** `saysPaid`: the member says so, and WeChat Pay is asked again. */
    paymentStatus: (orderNo: string, saysPaid = false) =>
      request<PaymentStatus>('GET', `${order(orderNo)}/status${saysPaid ? '?saysPaid=true' : ''}`),
    bind: (body: BindRequest, accessToken: string) =>
      request<BindResult>('POST', '/payments/bind', { body, accessToken }),
    groupQr: (orderNo: string, accessToken: string) =>
      request<GroupQr>('GET', `${order(orderNo)}/qrcode`, { accessToken }),
    joined: (orderNo: string, accessToken: string) =>
      request<Joined>('POST', `${order(orderNo)}/joined`, { accessToken }),
    object: (body: AppealRequest, accessToken: string) =>
      request<Appeal>('POST', '/appeals', { body, accessToken }),
    upload: (file: Blob, accessToken: string) => {
      const form = new FormData();
      form.append('file', file);
      return request<MemberUpload>('POST', '/uploads', { form, accessToken });
    },
    /** Takes back a picture that no objection has. */
    removeUpload: (uploadId: number, accessToken: string) =>
      request<object>('DELETE', `/uploads/${uploadId}`, { accessToken }),
    settlement: (publicId: string) =>
      request<Settlement>('GET', `/settlements/${encodeURIComponent(publicId)}`),
    settlementLine: (orderNo: string, accessToken: string) =>
      request<SettlementLine>('GET', `${order(orderNo)}/settlement-line`, { accessToken }),
    progress: (memberId: number, accessToken: string) =>
      request<Progress>('GET', `/progress/${memberId}`, { accessToken }),
    /** By the server's clock, which deadlines go by; a phone's own may be wrong. */
    serverNow: () => Date.now() + serverAheadMs,
    /** True when the server would send this browser on to the platform's sign-in page. */
    canSignIn: (redirect: string) => probeRedirect(options, signInPath(redirect)),
  };
}

/** Where to send the browser to sign in; `redirect` is a path of ours (`/h5/…`). */
export function signInPath(redirect: string): string {
  return `${BASE}/auth/wecom${query({ redirect })}`;
}

const BASE = '/api/h5';

interface RequestExtras {
  body?: unknown;
  form?: FormData;
  accessToken?: string;
}

type Requester = <Data>(
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  extras?: RequestExtras,
) => Promise<Data>;

function createRequester(
  options: TransportOptions,
  hearTime: (timestampMs: number) => void,
): Requester {
  return async <Data>(method: 'GET' | 'POST' | 'DELETE', path: string, extras: RequestExtras = {}) => {
    const headers: Record<string, string> = { Accept: 'application/json' };
    if (extras.accessToken !== undefined) headers['X-Access-Token'] = extras.accessToken;
    if (extras.body !== undefined) headers['Content-Type'] = 'application/json';
    // A form brings its own type.
    const sent = extras.form ?? (extras.body === undefined ? undefined : JSON.stringify(extras.body));
    const response = await send(options, `${BASE}${path}`, {
      method,
      headers,
      ...(sent === undefined ? {} : { body: sent }),
    });
    return openEnvelope<Data>(response, hearTime);
  };
}

/** A redirect is not followed here (it leads to another origin): that it comes is the answer. */
async function probeRedirect(options: TransportOptions, path: string): Promise<boolean> {
  const response = await send(options, path, { method: 'GET', redirect: 'manual' });
  return response.type === 'opaqueredirect' || (response.status >= 300 && response.status < 400);
}
