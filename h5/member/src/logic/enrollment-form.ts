/** The form before paying and when binding: what is asked, and what is wrong with it. */

import type { PaymentChannel, PaymentRequest } from '@campkeeper/api';

/** Planet account now, or within seven days of paying. */
export type PlanetChoice = 'now' | 'later';

export interface EnrollmentDraft {
  planetChoice: PlanetChoice;
  /** Member number or account id, as typed. A string: account ids pass 2^53. */
  planetUserId: string;
  planetNickname: string;
  wechatNickname: string;
  /** Vouches for the planet fields; dropped as soon as they are edited. */
  ticket: string | null;
  /** The account that the member has confirmed although another payment names it. */
  confirmedClaim: string | null;
  agreed: boolean;
}

export const MAX_NICKNAME_LENGTH = 50;

/** Far above any id of the planet (10–15 digits), well within 64 bits. */
const PLANET_ID = /^\d{1,18}$/;

export type PlanetFields = Pick<EnrollmentDraft, 'planetUserId' | 'planetNickname'>;
export type FieldErrors = Partial<
  Record<'planetUserId' | 'planetNickname' | 'wechatNickname' | 'agreed', string>
>;

export function emptyDraft(): EnrollmentDraft {
  return {
    planetChoice: 'now',
    planetUserId: '',
    planetNickname: '',
    wechatNickname: '',
    ticket: null,
    confirmedClaim: null,
    agreed: false,
  };
}

/** Full-width digits come from Chinese keyboards, spaces from copying. */
export function normalisePlanetId(typed: string): string {
  return typed
    .replace(/[０-９]/g, (digit) => String.fromCharCode(digit.charCodeAt(0) - 0xfee0))
    .replace(/\s/g, '');
}

/** True once the member has said that the account is theirs although another payment names it. */
export function isClaimConfirmed(
  draft: Pick<EnrollmentDraft, 'planetUserId' | 'confirmedClaim'>,
): boolean {
  return draft.confirmedClaim !== null && draft.confirmedClaim === normalisePlanetId(draft.planetUserId);
}

export function checkPlanetFields(fields: PlanetFields): FieldErrors {
  const errors: FieldErrors = {};
  const id = normalisePlanetId(fields.planetUserId);
  if (id === '') errors.planetUserId = '请填写星球编号或 ID';
  else if (!PLANET_ID.test(id)) errors.planetUserId = '星球编号或 ID 只有数字';
  const nickname = fields.planetNickname.trim();
  if (nickname === '') errors.planetNickname = '请填写星球昵称';
  else if (nickname.length > MAX_NICKNAME_LENGTH) {
    errors.planetNickname = `昵称最多 ${MAX_NICKNAME_LENGTH} 个字`;
  }
  return errors;
}

export function checkDraft(draft: EnrollmentDraft): FieldErrors {
  const errors = draft.planetChoice === 'now' ? checkPlanetFields(draft) : {};
  if (draft.wechatNickname.trim().length > MAX_NICKNAME_LENGTH) {
    errors.wechatNickname = `昵称最多 ${MAX_NICKNAME_LENGTH} 个字`;
  }
  if (!draft.agreed) errors.agreed = '请先阅读并同意押金规则';
  return errors;
}

export function hasErrors(errors: FieldErrors): boolean {
  return Object.keys(errors).length > 0;
}

/** Planet fields are both given or both absent. */
export function toPaymentRequest(
  campId: number,
  channel: PaymentChannel,
  draft: EnrollmentDraft,
): PaymentRequest {
  const wechatNickname = draft.wechatNickname.trim();
  const request: PaymentRequest = { campId, channel };
  if (wechatNickname !== '') request.wechatNickname = wechatNickname;
  if (draft.planetChoice === 'later') return request;
  return {
    ...request,
    planetUserId: normalisePlanetId(draft.planetUserId),
    planetNickname: draft.planetNickname.trim(),
    ...(draft.ticket === null ? {} : { ticket: draft.ticket }),
    ...(isClaimConfirmed(draft) ? { confirmClaim: true } : {}),
  };
}

/** Field messages of the server under the fields of the form. */
export function toFieldErrors(fields: Record<string, string>): FieldErrors {
  const errors: FieldErrors = {};
  for (const name of ['planetUserId', 'planetNickname', 'wechatNickname'] as const) {
    const text = fields[name];
    if (text !== undefined) errors[name] = text;
  }
  return errors;
}
