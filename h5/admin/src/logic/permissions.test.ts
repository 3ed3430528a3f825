import DOMAIN from '../../../../src/domain/staff.rs?raw';
import { describe, expect, it } from 'vitest';
import { menuOf } from './menu';
import { ACTIONS, may, reachOf, ROLES } from './permissions';

describe('the table of permissions', () => {
  it('is the one of the server', () => {
    // The expectation of the domain's own test: `"view_camp: all all own own",`.
    const rows = [...DOMAIN.matchAll(/^\s*"([a-z_]+: [a-z -]+)",$/gm)].map((match) => match[1]);
    const ours = ACTIONS.map(
      (action) => `${action}: ${ROLES.map((role) => reachOf(role, action)).join(' ')}`,
    );
    expect(ours).toEqual(rows);
  });

  it('gives an unknown role nothing', () => {
    expect(ACTIONS.filter((action) => may('deleted', action))).toEqual([]);
  });
});

describe('the menu', () => {
  const titles = (role: string) =>
    menuOf(role).flatMap((group) => group.entries.map((entry) => entry.title));

  it('shows a volunteer camps and members only', () => {
    expect(titles('volunteer')).toEqual(['首页', '帮助', '训练营', '会员', '打卡']);
  });

  it('shows a coach what they review', () => {
    expect(titles('coach')).toEqual(['首页', '帮助', '退款', '申诉', '押金去向', '训练营', '会员', '打卡', '报表']);
  });

  it('keeps the system to the super admin', () => {
    expect(titles('admin')).not.toContain('用户');
    expect(titles('admin')).toContain('对账');
    expect(titles('super_admin')).toContain('任务');
  });

  it('has no empty group', () => {
    for (const role of [...ROLES, 'deleted']) {
      expect(menuOf(role).every((group) => group.entries.length > 0)).toBe(true);
    }
  });
});
