import MESSAGES from '../../../../src/domain/message/mod.rs?raw';
import { describe, expect, it } from 'vitest';
import { SETTING_GROUPS } from './settings';
import { AUDIT_ACTION, AUDIT_OBJECT, MESSAGE_KIND } from './log-words';
import { textOf } from './words';

const SOURCES = Object.values(
  import.meta.glob<string>('../../../../src/{services,jobs}/**/*.rs', { query: '?raw', import: 'default', eager: true }),
).map((text) => text.split('#[cfg(test)]')[0] ?? '');

function found(pattern: RegExp): string[] {
  const words = SOURCES.flatMap((text) => [...text.matchAll(pattern)].map((match) => match[1] ?? ''));
  return [...new Set(words)].sort();
}

/** What an audit entry is about, and how its kind of action begins. */
const OBJECTS = found(/object_type: "(\w+)"/g);
/** Settings and files are written like actions. */
const SETTINGS = SETTING_GROUPS.flatMap((group) => group.settings.map(({ key }) => key));
const OTHERS = [...SETTINGS, 'backup.dir', 'checkins.xlsx'];
const OWNERS = [...OBJECTS, 'staff', 'checkins', 'settlement', 'bill', 'export'].join('|');
const ACTIONS = found(new RegExp(`"((?:${OWNERS})\\.[a-z_]+)"`, 'g'))
  .concat(found(/action: "(\w+(?:\.\w+)?)"/g))
  .filter((word, at, all) => !OTHERS.includes(word) && all.indexOf(word) === at);
const KINDS = [...MESSAGES.matchAll(/^ {4}\w+ = "(\w+)"/gm)].map((match) => match[1] ?? '');

const isChinese = /[\u4e00-\u9fff]/;

describe('what the server writes', () => {
  it('is found', () => {
    expect(OBJECTS.length).toBeGreaterThan(10);
    expect(ACTIONS.length).toBeGreaterThan(40);
    expect(KINDS.length).toBeGreaterThan(60);
  });

  it.each(OBJECTS)('the thing %s has a Chinese word', (word) => {
    expect(textOf(AUDIT_OBJECT, word)).toMatch(isChinese);
  });

  it.each(ACTIONS)('the action %s has a Chinese word', (word) => {
    expect(textOf(AUDIT_ACTION, word)).toMatch(isChinese);
  });

  it.each(KINDS)('the message %s has a Chinese word', (word) => {
    expect(textOf(MESSAGE_KIND, word)).toMatch(isChinese);
  });
});

describe('the words', () => {
  it('are of things that there are', () => {
    expect(Object.keys(MESSAGE_KIND).filter((word) => !KINDS.includes(word))).toEqual([]);
    expect(Object.keys(AUDIT_OBJECT).filter((word) => !OBJECTS.includes(word))).toEqual([]);
  });
});
