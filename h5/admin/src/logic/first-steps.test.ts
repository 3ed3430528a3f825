import { describe, expect, it } from 'vitest';
import { firstSteps, isThrough, otherTrouble } from './first-steps';

const PARTS = ['wecom_token', 'trusted_ip', 'agent', 'trusted_domain', 'callback', 'wechat_pay', 'notify_address', 'planet', 'recipients'];
const check = (name: string, state = 'ok') => ({ name, title: name, state, message: `${name} ${state}`, remedy: null });

describe('first steps', () => {
  it('are through when each was tried and a camp is there', () => {
    const checks = PARTS.map((name) => check(name));
    expect(isThrough(firstSteps(checks, 1))).toBe(true);
    expect(isThrough(firstSteps(checks, 0))).toBe(false);
    expect(isThrough(firstSteps([], 1))).toBe(false);
  });

  it('say the worst of their parts, and only what is not well', () => {
    const checks = PARTS.map((name) => check(name, name === 'trusted_ip' ? 'fail' : name === 'agent' ? 'off' : 'ok'));
    const [wecom] = firstSteps(checks, 1);
    expect(wecom?.state).toBe('fail');
    expect(wecom?.checks.map((it) => it.name)).toEqual(['trusted_ip', 'agent']);
  });

  it('leave what else is wrong to be told beside them', () => {
    const told = otherTrouble([check('clock', 'fail'), check('planet', 'fail'), check('backup', 'warn'), check('books')]);
    expect(told.map((it) => it.name)).toEqual(['clock', 'backup']);
  });
});
