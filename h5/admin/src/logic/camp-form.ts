/** The form of a camp: what is typed, what of it is sent, and the rules on real dates. */

import { formatDay, formatYuan, type Schemas } from '@campkeeper/api';
import { spanDays, today } from './shown';
import { parseYuan } from './yuan';

export interface GroupCodeFacts {
  capacity: number;
  /** The last day on which it works; empty where it does not end. */
  lastDay: string;
}

/** What holds of a code that was just chosen; the server says so as well. */
export const PLAIN_CODE: GroupCodeFacts = { capacity: 200, lastDay: '' };
export const MAX_CODE_CAPACITY = 500;

export interface CampForm {
  name: string;
  poster: number[];
  deposit: string;
  startDate: string;
  endDate: string;
  totalDays: number;
  requiredDays: number;
  /** Null: as the configuration has it. */
  graceDays: number | null;
  groupCodes: number[];
  /** What is known of each picture of a group's code, by its number. */
  groupCodeFacts: Record<number, GroupCodeFacts>;
  introduction: string;
  coachIds: number[];
  volunteerIds: number[];
  planetProjectId: string;
  payeeId: string;
  /** Empty: stays as it is; the key is never answered back. */
  groupRobotKey: string;
  settlementPage: boolean;
  reason: string;
}

export const EMPTY: CampForm = {
  name: '',
  poster: [],
  deposit: '',
  startDate: '',
  endDate: '',
  totalDays: 10,
  requiredDays: 7,
  graceDays: null,
  groupCodes: [],
  groupCodeFacts: {},
  introduction: '',
  coachIds: [],
  volunteerIds: [],
  planetProjectId: '',
  payeeId: '',
  groupRobotKey: '',
  settlementPage: false,
  reason: '',
};

const FIELDS: Record<string, string> = {
  name: '训练营名称',
  posterUploadId: '项目海报',
  depositFen: '押金金额',
  startDate: '开始日期',
  endDate: '结束日期',
  totalDays: '总天数',
  requiredDays: '要求天数',
  graceDays: '宽限天数',
  groupQrUploadIds: '群二维码',
  groupCodes: '群二维码的人数',
  introduction: '项目介绍',
  coachIds: '项目教练',
  volunteerIds: '志愿者',
  planetProjectId: '知识星球项目ID',
  payeeId: '企业微信收款码ID',
  groupRobotKey: '群机器人密钥',
  settlementPage: '结营公示',
  reason: '原因',
};

export const FIELD_NAMES = Object.keys(FIELDS);

/** What a field is called on the form. */
export function fieldText(field: string): string {
  return FIELDS[field] ?? field;
}

export function formOf(camp: Schemas.CampView): CampForm {
  return {
    name: camp.name,
    poster: camp.posterUploadId == null ? [] : [camp.posterUploadId],
    deposit: formatYuan(camp.depositFen),
    startDate: camp.startDate,
    endDate: camp.endDate,
    totalDays: camp.totalDays,
    requiredDays: camp.requiredDays,
    graceDays: camp.graceDays,
    groupCodes: camp.groupCodes.map((code) => code.uploadId),
    groupCodeFacts: Object.fromEntries(camp.groupCodes.map((code) => [code.uploadId, factsOf(code)])),
    introduction: camp.introduction,
    coachIds: [...camp.coachIds],
    volunteerIds: [...camp.volunteerIds],
    planetProjectId: camp.planetProjectId ?? '',
    payeeId: camp.payeeId ?? '',
    groupRobotKey: '',
    settlementPage: camp.settlementPage,
    reason: '',
  };
}

const DAY_MS = 86_400_000;

/** A code ends with a day: at the midnight behind it. */
function factsOf({ capacity, expiresAt }: Schemas.GroupCodeView): GroupCodeFacts {
  return { capacity, lastDay: expiresAt == null ? '' : today(Date.parse(expiresAt) - 1) };
}

function codeBody(form: CampForm, uploadId: number): Schemas.GroupCodeBody {
  const { capacity, lastDay } = form.groupCodeFacts[uploadId] ?? PLAIN_CODE;
  const end = Date.parse(`${lastDay}T00:00:00+08:00`) + DAY_MS;
  return { uploadId, capacity, expiresAt: Number.isNaN(end) ? null : `${today(end)}T00:00:00+08:00` };
}

/** A new camp like an earlier one: its dates and its project are another's. */
export function copyOf(camp: Schemas.CampView): CampForm {
  return { ...formOf(camp), startDate: '', endDate: '', groupCodes: [], groupCodeFacts: {}, planetProjectId: '' };
}

/**
 * What differs from what was there, as the server takes it: absent stays as it is, `null` takes away.
 * Of a new camp everything that is filled in.
 */
export function bodyOf(form: CampForm, before: CampForm | null): Schemas.CampBody {
  const old = before ?? EMPTY;
  const body: Schemas.CampBody = {};
  const text = (value: string): string | null => (value.trim() === '' ? null : value.trim());
  const differs = (key: keyof CampForm): boolean =>
    JSON.stringify(form[key]) !== JSON.stringify(old[key]);
  const isSent = (key: keyof CampForm): boolean => before === null || differs(key);

  if (isSent('name')) body.name = form.name.trim();
  if (differs('poster')) body.posterUploadId = form.poster[0] ?? null;
  if (isSent('deposit')) body.depositFen = parseYuan(form.deposit);
  if (isSent('startDate')) body.startDate = text(form.startDate);
  if (isSent('endDate')) body.endDate = text(form.endDate);
  if (isSent('totalDays')) body.totalDays = form.totalDays;
  if (isSent('requiredDays')) body.requiredDays = form.requiredDays;
  if (differs('graceDays')) body.graceDays = form.graceDays;
  const codes = form.groupCodes.map((id) => codeBody(form, id));
  if (JSON.stringify(codes) !== JSON.stringify(old.groupCodes.map((id) => codeBody(old, id)))) body.groupCodes = codes;
  if (differs('introduction')) body.introduction = text(form.introduction);
  if (differs('coachIds')) body.coachIds = form.coachIds;
  if (differs('volunteerIds')) body.volunteerIds = form.volunteerIds;
  if (differs('planetProjectId')) body.planetProjectId = text(form.planetProjectId);
  if (differs('payeeId')) body.payeeId = text(form.payeeId);
  if (form.groupRobotKey.trim() !== '') body.groupRobotKey = form.groupRobotKey.trim();
  if (differs('settlementPage')) body.settlementPage = form.settlementPage;
  if (form.reason.trim() !== '') body.reason = form.reason.trim();
  return body;
}

/** The rules as a member will read them, on the dates that were chosen. */
export function rulesText(form: CampForm, defaultGrace = '按默认设置'): string[] {
  const span = spanDays(form.startDate, form.endDate);
  if (span === null) return [];
  const lines = [`${formatDay(form.startDate)} 至 ${formatDay(form.endDate)}，共 ${span} 天，首尾两天都算。`];
  if (form.totalDays > span) lines.push(`总天数 ${form.totalDays} 多于这段日期的 ${span} 天。`);
  if (form.requiredDays > form.totalDays) lines.push('要求天数不能多于总天数。');
  lines.push(`打卡满 ${form.requiredDays} 天，押金可以退。`);
  if (form.graceDays === null) lines.push(`宽限天数${defaultGrace}。`);
  else if (form.graceDays > 0) {
    const least = Math.max(1, form.requiredDays - form.graceDays);
    lines.push(`满 ${least} 天但不足 ${form.requiredDays} 天的用宽限，由人看过再退。`);
  }
  return lines;
}
