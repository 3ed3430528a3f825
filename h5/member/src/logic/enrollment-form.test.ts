import { describe, expect, it } from 'vitest';
import {
  checkDraft,
  checkPlanetFields,
  emptyDraft,
  normalisePlanetId,
  toFieldErrors,
  toPaymentRequest,
  type EnrollmentDraft,
} from './enrollment-form';

const filled: EnrollmentDraft = {
  ...emptyDraft(),
  planetUserId: ' ８８42 1185 ',
  planetNickname: ' 小明同学 ',
  agreed: true,
};

describe('checkPlanetFields', () => {
  it.each<[string, string, string[]]>([
    ['1024', '小明', []],
    ['28884418421151', '小明', []],
    ['１０２４', '小明', []],
    ['', '', ['planetUserId', 'planetNickname']],
    ['  ', '小明', ['planetUserId']],
    ['10a4', '小明', ['planetUserId']],
    ['1'.repeat(19), '小明', ['planetUserId']],
    ['1024', '   ', ['planetNickname']],
    ['1024', '长'.repeat(51), ['planetNickname']],
  ])('%s / %s', (planetUserId, planetNickname, wrong) => {
    expect(Object.keys(checkPlanetFields({ planetUserId, planetNickname }))).toEqual(wrong);
  });
});

describe('checkDraft', () => {
  it('asks for consent, always', () => {
    expect(Object.keys(checkDraft({ ...filled, agreed: false }))).toEqual(['agreed']);
  });

  it('asks for no planet account when it is to come later', () => {
    expect(checkDraft({ ...emptyDraft(), planetChoice: 'later', agreed: true })).toEqual({});
  });

  it('limits the WeChat nickname', () => {
    const draft = { ...filled, wechatNickname: '长'.repeat(51) };
    expect(Object.keys(checkDraft(draft))).toEqual(['wechatNickname']);
  });
});

describe('toPaymentRequest', () => {
  it('sends planet ids as strings of plain digits', () => {
    expect(toPaymentRequest(3, 'h5', filled)).toEqual({
      campId: 3,
      channel: 'h5',
      planetUserId: '88421185',
      planetNickname: '小明同学',
    });
    expect(normalisePlanetId('9007199254740993')).toBe('9007199254740993');
  });

  it('leaves both planet fields and the ticket out when they are to come later', () => {
    const draft: EnrollmentDraft = {
      ...filled,
      planetChoice: 'later',
      wechatNickname: '小明',
      ticket: 't',
    };
    expect(toPaymentRequest(3, 'native', draft)).toEqual({
      campId: 3,
      channel: 'native',
      wechatNickname: '小明',
    });
  });

  it('hands the ticket of a personal link on', () => {
    expect(toPaymentRequest(3, 'jsapi', { ...filled, ticket: 't1' })).toMatchObject({ ticket: 't1' });
  });
});

describe('a claim that was confirmed', () => {
  const confirmed = { ...filled, confirmedClaim: '88421185' };

  it('goes along with the account that it is about', () => {
    expect(toPaymentRequest(3, 'h5', confirmed)).toMatchObject({ confirmClaim: true });
    const another = { ...confirmed, planetUserId: '1024' };
    expect(toPaymentRequest(3, 'h5', another)).not.toHaveProperty('confirmClaim');
    const later: EnrollmentDraft = { ...confirmed, planetChoice: 'later' };
    expect(toPaymentRequest(3, 'h5', later)).not.toHaveProperty('confirmClaim');
  });
});

describe('toFieldErrors', () => {
  it('keeps the fields of the form and nothing else', () => {
    expect(toFieldErrors({ planetUserId: '不存在', campId: '必填' })).toEqual({
      planetUserId: '不存在',
    });
  });
});
