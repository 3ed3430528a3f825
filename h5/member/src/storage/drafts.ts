/** Half-filled forms, per camp, so that an error or a trip to sign in loses nothing. */

import type { EnrollmentDraft } from '../logic/enrollment-form';
import { isRecord, isTextOrNull, jsonStore, type JsonStore } from './json-store';

export function draftStore(
  campId: number,
  storage: () => Storage = () => localStorage,
): JsonStore<EnrollmentDraft> {
  return jsonStore(storage, `campkeeper.draft.${campId}`, isDraft);
}

/** The form of the binding page, per order. */
export function bindDraftStore(
  orderNo: string,
  storage: () => Storage = () => localStorage,
): JsonStore<EnrollmentDraft> {
  return jsonStore(storage, `campkeeper.bind-draft.${orderNo}`, isDraft);
}

/** A picture that the server has, and how it looks: the server's address lives for ten minutes only. */
export interface DraftPicture {
  id: number;
  preview: string;
}

export interface AppealDraft {
  text: string;
  pictures: DraftPicture[];
}

/** What is being written about one thing that is objected to. */
export function appealDraft(
  memberId: number,
  kind: string,
  day: string | null,
  storage: () => Storage = () => localStorage,
): JsonStore<AppealDraft> {
  const key = `campkeeper.appeal.${memberId}.${kind}.${day ?? ''}`;
  return jsonStore(storage, key, isAppealDraft);
}

/** The camp whose payment goes on after the trip to sign in; gone with the visit. */
export const resumeStore: JsonStore<number> = jsonStore(
  () => sessionStorage,
  'campkeeper.resume-payment',
  (value): value is number => typeof value === 'number',
);

function isAppealDraft(value: unknown): value is AppealDraft {
  return (
    isRecord(value) &&
    typeof value['text'] === 'string' &&
    Array.isArray(value['pictures']) &&
    value['pictures'].every(
      (one) => isRecord(one) && typeof one['id'] === 'number' && typeof one['preview'] === 'string',
    )
  );
}

function isDraft(value: unknown): value is EnrollmentDraft {
  return (
    isRecord(value) &&
    (value['planetChoice'] === 'now' || value['planetChoice'] === 'later') &&
    typeof value['planetUserId'] === 'string' &&
    typeof value['planetNickname'] === 'string' &&
    typeof value['wechatNickname'] === 'string' &&
    isTextOrNull(value['ticket']) &&
    isTextOrNull(value['confirmedClaim']) &&
    typeof value['agreed'] === 'boolean'
  );
}
