import { describe, expect, it } from 'vitest';
import { isManual, type Manual, MANUAL_TITLE, MANUALS, manualsFor, search } from './manuals';
import { ROLES } from './permissions';

describe('the manuals under 帮助', () => {
  it('begin with one’s own', () => {
    expect(ROLES.map((role) => manualsFor(role)[0])).toEqual(['owner', 'admin', 'coach', 'coach']);
  });

  it('are all there for everybody, each once', () => {
    for (const role of [...ROLES, 'deleted']) {
      expect([...manualsFor(role)].sort()).toEqual([...MANUALS].sort());
    }
  });

  it('have names of their own', () => {
    expect(new Set(Object.values(MANUAL_TITLE)).size).toBe(MANUALS.length);
    expect(isManual('coach')).toBe(true);
    expect(isManual('constructor')).toBe(false);
  });
});

describe('searching', () => {
  const manual: Manual = {
    title: '教练手册',
    intro: '',
    sections: [
      { id: '催打卡', title: '催打卡', html: '<p>发 <code>催打卡 晨读</code>，点 <strong>催打卡</strong>。</p>' },
      { id: '撤回', title: '想反悔', html: '<p>卡片上点 <strong>撤回</strong> &amp; 等 60 秒。</p>' },
    ],
  };

  it('finds words across marks, and shows what stands around them', () => {
    expect(search('coach', manual, ' 撤回 ')).toEqual([
      { manual: 'coach', id: '撤回', title: '想反悔', excerpt: '卡片上点 撤回 & 等 60 秒。' },
    ]);
  });

  it('finds a title', () => {
    expect(search('coach', manual, '反悔').map((hit) => hit.id)).toEqual(['撤回']);
  });

  it('finds no mark of the page, and nothing for nothing', () => {
    expect(search('coach', manual, 'strong')).toEqual([]);
    expect(search('coach', manual, '  ')).toEqual([]);
  });
});
