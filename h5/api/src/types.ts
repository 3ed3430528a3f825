/**
 * The bodies of the member API under the names that pages use. All of them are taken from
 * `openapi.d.ts`, which `make generate` writes from the server's code.
 *
 * Amounts are integers in fen, dates `YYYY-MM-DD`, times RFC 3339 with offset `+08:00`; our
 * ids are numbers, ids of the planet and of WeChat Pay are strings (64 bits do not survive a
 * JavaScript number).
 */

import type * as Schemas from './openapi';

export type BindMethod = Schemas.BindMethod;
export type BindStatus = Schemas.BindStatus;
export type CampStatus = Schemas.CampStatus;
export type DayStatus = Schemas.DayState;
export type OrderStatus = Schemas.OrderStatus;
export type PaymentChannel = Schemas.PayChannel;
export type RefundStatus = Schemas.RefundStatus;

export type CampDetail = Schemas.CampDetail;
export type CampList = Schemas.EnvelopePageCampSummary['data'];
export type CampSummary = Schemas.CampSummary;
export type Prefill = Schemas.Prefill;

export type JsConfig = Schemas.JsConfigView;
export type Me = Schemas.Me;
export type OwnOrder = Schemas.MyOrder;
/** Null: the roster knows nobody under what was typed. */
export type PlanetUserMatch = Schemas.FoundView | null;

export type JsapiPayParams = Schemas.JsapiParams;
export type Payment = Schemas.OrderedView;
export type PaymentParams = Pick<Payment, 'payParams' | 'codeUrl' | 'h5Url'>;
export type PaymentRequest = Schemas.OrderInput;
export type PaymentStatus = Schemas.StatusView;

export type BindRequest = Schemas.BindInput;
export type BindResult = Schemas.BoundView;
export type GroupQr = Schemas.GroupView;

export type Appeal = Schemas.AppealView;
export type AppealKind = 'day' | 'verdict' | 'rejection';
export type AppealRequest = Schemas.AppealInput;
export type Joined = Schemas.JoinedView;
export type MemberUpload = Schemas.MemberUploadView;

export type Settlement = Schemas.SettlementView;
export type SettlementLine = Schemas.SettlementLineView;

export type Progress = Schemas.ProgressView;
export type Receipt = Schemas.ReceiptView;
export type ProgressDay = Schemas.ProgressDay;
export type ProgressRefund = Schemas.ProgressRefund;

/** The `data` of a `claimed`. */
export interface Claimed {
  maskedNickname: string;
}

/** The `data` of an `already_enrolled`. */
export type AlreadyEnrolled = Pick<OwnOrder, 'orderNo' | 'bindStatus'>;
