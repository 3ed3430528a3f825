/**
 * Wire types of the member API, by the letter of the contract.
 *
 * One exported name per body, so that this file can later re-export the schemas of the
 * generated `openapi.d.ts` under the same names without touching a page.
 * Amounts are integers in fen, dates `YYYY-MM-DD`, times RFC 3339 with offset `+08:00`;
 * our ids are numbers, ids of the planet and of WeChat Pay are strings (64 bits do not
 * survive a JavaScript number).
 */

export interface Page<Item> {
  items: Item[];
  total: number;
  page: number;
  size: number;
}

export type CampStatus =
  'draft' | 'pending' | 'enrolling' | 'ongoing' | 'ended' | 'settling' | 'archived';

export interface CampSummary {
  id: number;
  name: string;
  posterUrl: string | null;
  depositFen: number;
  startDate: string;
  endDate: string;
  totalDays: number;
  requiredDays: number;
  graceDays: number;
  status: CampStatus;
  /** How many members have paid. */
  enrolled: number;
  canEnroll: boolean;
}

export interface Prefill {
  planetUserId: string;
  planetNickname: string;
  /** True when a ticket of ours vouches for this planet user. */
  signed: boolean;
}

export interface CampDetail extends CampSummary {
  /** Sanitised by the server's allow-list. */
  introductionHtml: string;
  prefill: Prefill | null;
}

export type OrderStatus = 'created' | 'paid' | 'refunding' | 'refunded' | 'closed';
export type BindStatus = 'pending' | 'completed' | 'expired' | 'manual_required' | 'closed';
export type BindMethod = 'dynamic_qrcode' | 'user_fill' | 'smart_match' | 'manual';
export type PaymentChannel = 'jsapi' | 'h5' | 'native';

export interface OwnOrder {
  orderNo: string;
  campId: number;
  /** Null until the payment is confirmed. */
  memberId: number | null;
  status: OrderStatus;
  bindStatus: BindStatus;
  accessToken: string | null;
}

export interface Me {
  platform: 'wecom' | 'wechat' | 'browser';
  signedIn: boolean;
  orders: OwnOrder[];
}

export interface JsConfig {
  corpId: string;
  agentId: number;
  timestamp: number;
  nonceStr: string;
  configSignature: string;
  agentConfigSignature: string;
}

/** Both the number and the nickname agree with the roster. */
export interface PlanetUserFound {
  planetUserId: string;
  planetNickname: string;
  avatarUrl: string | null;
}

/** Only the number is known: the nickname is masked (“小*学”). */
export interface PlanetUserMasked {
  maskedNickname: string;
}

export type PlanetUserMatch = PlanetUserFound | PlanetUserMasked | null;

export interface PaymentRequest {
  campId: number;
  channel: PaymentChannel;
  planetUserId?: string;
  planetNickname?: string;
  wechatNickname?: string;
  ticket?: string;
}

/** What `getBrandWCPayRequest` takes; `timeStamp` must stay a string (iOS). */
export interface JsapiPayParams {
  appId: string;
  timeStamp: string;
  nonceStr: string;
  package: string;
  signType: string;
  paySign: string;
}

export interface PaymentParams {
  payParams?: JsapiPayParams | null;
  codeUrl?: string | null;
  h5Url?: string | null;
}

export interface Payment extends PaymentParams {
  orderNo: string;
  channel: PaymentChannel;
  amountFen: number;
  expiresAt: string;
}

export interface PaymentStatus {
  orderNo: string;
  status: OrderStatus;
  bindStatus: BindStatus;
  bindMethod: BindMethod | null;
  bindDeadline: string | null;
  /** Null for any session but the one that ordered. */
  memberId: number | null;
  accessToken: string | null;
}

export interface BindRequest {
  orderNo: string;
  planetUserId: string;
  planetNickname: string;
  wechatNickname?: string;
}

export interface BindResult {
  orderNo: string;
  memberId: number;
  bindStatus: BindStatus;
  bindMethod: BindMethod | null;
  groupQrUrl: string | null;
}

export interface GroupQr {
  campName: string;
  /** A signed address, good for 10 minutes. */
  groupQrUrl: string | null;
  joined: boolean;
}

export type DayStatus = 'checked_in' | 'missed' | 'open' | 'not_synced' | 'future';

export interface ProgressDay {
  date: string;
  status: DayStatus;
  /** When the check-in was posted; null unless `checked_in`. */
  at: string | null;
}

export type RefundStatus =
  | 'pending'
  | 'awaiting_second'
  | 'approved'
  | 'rejected'
  | 'processing'
  | 'success'
  | 'failed'
  | 'manual_required'
  | 'closed';

export interface ProgressRefund {
  status: RefundStatus;
  amountFen: number;
  refundedAt: string | null;
  wechatRefundId: string | null;
  reason: string | null;
}

export interface Progress {
  memberId: number;
  campName: string;
  startDate: string;
  endDate: string;
  status: CampStatus;
  daysPassed: number;
  totalDays: number;
  checkedInDays: number;
  requiredDays: number;
  graceDays: number;
  eligible: boolean;
  reachable: boolean;
  earliestEligibleDate: string | null;
  days: ProgressDay[];
  syncedAt: string | null;
  joined: boolean;
  refund: ProgressRefund | null;
}

export interface AlreadyEnrolled {
  orderNo: string;
  bindStatus: BindStatus;
}
