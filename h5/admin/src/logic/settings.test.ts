import { describe, expect, it } from 'vitest';
import { isSet, SETTING_GROUPS, treeOf, valueAt, webhooks } from './settings';

describe('settings', () => {
  it('finds a value by its key, and nothing where the server knows none', () => {
    const tree = { wecom: { smart_bot: { name: '小营' }, secret: { set: true } }, notify: { recipients: ['a'] } };
    expect(valueAt(tree, 'wecom.smart_bot.name')).toBe('小营');
    expect(valueAt(tree, 'notify.recipients')).toEqual(['a']);
    expect(valueAt(tree, 'notify.recipients.0')).toBeUndefined();
    expect(valueAt(tree, 'reminders.ended')).toBeUndefined();
    expect(isSet(valueAt(tree, 'wecom.secret'))).toBe(true);
    expect(isSet({ set: false })).toBe(false);
    expect(isSet('x')).toBe(false);
  });

  it('sends what was changed and nothing else', () => {
    const changes = new Map<string, unknown>([
      ['wecom.smart_bot.name', '小营'],
      ['wecom.agent_id', 7],
      ['zsxq.cookie', 'x'],
    ]);
    expect(treeOf(changes)).toEqual({
      wecom: { smart_bot: { name: '小营' }, agent_id: 7 },
      zsxq: { cookie: 'x' },
    });
  });

  it('names each key once', () => {
    const keys = SETTING_GROUPS.flatMap((group) => group.settings.map((setting) => setting.key));
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('gives addresses without a scheme where a domain is asked for', () => {
    const told = webhooks('https://camp.example.com');
    expect(told[0]?.url).toBe('https://camp.example.com/api/webhook/wecom/app');
    expect(told.map((it) => it.url)).toContain('camp.example.com');
  });
});
