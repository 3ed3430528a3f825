import type { Schemas } from '@campkeeper/api';
import { describe, expect, it } from 'vitest';
import { bodyOf, copyOf, EMPTY, FIELD_NAMES, fieldText, formOf, rulesText } from './camp-form';

const CAMP: Schemas.CampView = {
  id: 3,
  name: '九月写作营',
  status: 'pending',
  posterUploadId: 7,
  posterUrl: '/files/7',
  depositFen: 9950,
  startDate: '2026-11-05',
  endDate: '2026-11-14',
  totalDays: 10,
  requiredDays: 7,
  enrolled: 0,
  graceDays: 1,
  groupQrUploadIds: [8, 9],
  groupQrUrls: ['/a', '/b'],
  groupCodes: [
    { uploadId: 8, url: '/a', capacity: 150, expiresAt: '2026-11-12T00:00:00+08:00' },
    { uploadId: 9, url: '/b', capacity: 200, expiresAt: null },
  ],
  introduction: '<p>写</p>',
  coachIds: [2],
  volunteerIds: [],
  planetProjectId: '7700000001',
  payeeId: null,
  groupRobotKeySet: true,
  settlementPage: false,
  urgeByName: false,
  smartBotChatId: null,
  enrollUrl: '',
  missing: [],
  createdAt: '2026-11-01T00:00:00+08:00',
};

describe('what is sent', () => {
  it('is nothing where nothing was changed', () => {
    const form = formOf(CAMP);
    expect(bodyOf(form, formOf(CAMP))).toEqual({});
  });

  it('is what differs, and null takes away', () => {
    const form = { ...formOf(CAMP), name: ' 写作营 ', introduction: ' ', poster: [], coachIds: [2, 5] };
    expect(bodyOf(form, formOf(CAMP))).toEqual({
      name: '写作营',
      introduction: null,
      posterUploadId: null,
      coachIds: [2, 5],
    });
  });

  it('is the codes of the group with what is known of them', () => {
    const form = formOf(CAMP);
    expect(form.groupCodeFacts[8]).toEqual({ capacity: 150, lastDay: '2026-11-11' });
    const facts = { ...form.groupCodeFacts, 9: { capacity: 100, lastDay: '2026-12-31' } };
    expect(bodyOf({ ...form, groupCodeFacts: facts }, formOf(CAMP))).toEqual({
      groupCodes: [
        { uploadId: 8, capacity: 150, expiresAt: '2026-11-12T00:00:00+08:00' },
        { uploadId: 9, capacity: 100, expiresAt: '2027-01-01T00:00:00+08:00' },
      ],
    });
    expect(bodyOf({ ...form, groupCodes: [12] }, formOf(CAMP))).toEqual({
      groupCodes: [{ uploadId: 12, capacity: 200, expiresAt: null }],
    });
  });

  it('is the switch that was turned', () => {
    const on = { ...formOf(CAMP), settlementPage: true };
    expect(bodyOf(on, formOf(CAMP))).toEqual({ settlementPage: true });
    expect(bodyOf({ ...on, settlementPage: false }, on)).toEqual({ settlementPage: false });
    expect(bodyOf({ ...EMPTY, settlementPage: true }, null).settlementPage).toBe(true);
  });

  it('keeps the key of the robot unless one is typed', () => {
    expect(bodyOf({ ...formOf(CAMP), groupRobotKey: 'k' }, formOf(CAMP))).toEqual({ groupRobotKey: 'k' });
  });

  it('of a new camp is all that is needed, and what was filled in', () => {
    const form = { ...EMPTY, name: '写作营', deposit: '99.5', startDate: '2026-12-01', endDate: '2026-12-10' };
    expect(bodyOf(form, null)).toEqual({
      name: '写作营',
      depositFen: 9950,
      startDate: '2026-12-01',
      endDate: '2026-12-10',
      totalDays: 10,
      requiredDays: 7,
    });
  });

  it('does not guess an amount', () => {
    expect(bodyOf({ ...EMPTY, deposit: '九十九' }, null).depositFen).toBeNull();
  });
});

describe('a copy', () => {
  it('has dates, group and project of its own', () => {
    const copy = copyOf(CAMP);
    expect(copy).toMatchObject({ name: '九月写作营', startDate: '', endDate: '', planetProjectId: '' });
    expect(copy.groupCodes).toEqual([]);
    expect(copy.coachIds).toEqual([2]);
  });
});

describe('the rules on real dates', () => {
  it('say what counts', () => {
    expect(rulesText(formOf(CAMP))).toEqual([
      '11月5日 至 11月14日，共 10 天，首尾两天都算。',
      '打卡满 7 天，押金可以退。',
      '满 6 天但不足 7 天的用宽限，由人看过再退。',
    ]);
  });

  it('say what does not add up', () => {
    const lines = rulesText({ ...formOf(CAMP), endDate: '2026-11-10', requiredDays: 12 });
    expect(lines).toContain('总天数 10 多于这段日期的 6 天。');
    expect(lines).toContain('要求天数不能多于总天数。');
  });

  it('wait for both dates', () => {
    expect(rulesText({ ...formOf(CAMP), startDate: '' })).toEqual([]);
  });
});

describe('fields', () => {
  it('have a name each', () => {
    for (const name of FIELD_NAMES) expect(fieldText(name)).not.toBe(name);
  });
});
