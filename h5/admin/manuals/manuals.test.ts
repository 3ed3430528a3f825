/** Holds the manuals to what there is: pictures, links, and every name and command that they quote. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MANUALS } from '../src/logic/manuals';
import { anchorOf, render } from './render';
import { sizeOfFile } from './webp';

const ROOT = new URL('../../../', import.meta.url).pathname;
const FOLDER = join(ROOT, 'docs/manual');
const IMAGES = join(FOLDER, 'images');
const MAX_BYTES = 80_000;

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const FILES = ['README', ...MANUALS];
const TEXTS = new Map(FILES.map((name) => [name, readFileSync(join(FOLDER, `${name}.md`), 'utf8')]));
const RENDERED = new Map(
  [...TEXTS].map(([name, text]) => [name, render(text, (file) => sizeOfFile(join(FOLDER, file)))]),
);

/** Files below a folder whose names end in one of these. */
function below(folder: string, ...endings: string[]): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => endings.some((ending) => file.endsWith(ending)) && !file.includes('.test.'))
    .map((file) => join(folder, file));
}

/** A text without its blocks of code. */
const prose = (text: string): string => text.replace(/^ *```[\s\S]*?^ *```/gm, '');

/** What stands between marks of a kind, each once, with the manual that says it. */
function quoted(pattern: RegExp, texts: (text: string) => string = prose): [string, string][] {
  const found = [...TEXTS].flatMap(([name, text]) =>
    [...texts(text).matchAll(pattern)].map((match): [string, string] => [name, match[1] ?? '']),
  );
  return [...new Map(found.map((one) => [one.join('\n'), one])).values()];
}

describe('pictures', () => {
  const plays = below('tests/browser', '.mjs').map(read).join('\n');
  const taken = new Set([...plays.matchAll(/stage\.manual\([^;]*?'([a-z-]+)'\)/g)].map((match) => `${match[1]}.webp`));
  const shown = new Set([...RENDERED.values()].flatMap(({ pictures }) => pictures.map(({ file }) => file)));

  it.each([...shown])('%s is there, is small, and is taken by a play', (file) => {
    expect(file).toMatch(/^images\/[a-z-]+\.webp$/);
    expect(statSync(join(FOLDER, file)).size).toBeLessThanOrEqual(MAX_BYTES);
    expect(taken).toContain(file.replace('images/', ''));
  });

  it('are all there', () => {
    expect([...RENDERED].flatMap(([name, { missing }]) => missing.map((file) => `${name}: ${file}`))).toEqual([]);
  });

  it('are all shown, and taken for nothing else', () => {
    const there = readdirSync(IMAGES).sort();
    expect(there).toEqual([...shown].map((file) => file.replace('images/', '')).sort());
    expect([...taken].sort()).toEqual(there);
  });
});

describe('links', () => {
  const anchors = new Map(
    [...TEXTS].map(([name, text]) => [name, [...prose(text).matchAll(/^#+ (.+)$/gm)].map((match) => anchorOf(match[1] ?? ''))]),
  );
  const links = [...RENDERED].flatMap(([name, { links: all }]) =>
    all.map(([file, anchor]): [string, string, string] => [name, file === '' ? name : file, anchor]),
  );

  it.each(links)('of %s lead to %s#%s', (name, file, anchor) => {
    expect(anchors.has(file)).toBe(true);
    // The console shows the manuals, and the list of them is its own.
    if (name !== 'README') expect(file).not.toBe('README');
    if (anchor !== '') expect(anchors.get(file)).toContain(anchor);
  });

  it('stay within the manuals', () => {
    expect([...RENDERED.values()].flatMap(({ addresses }) => addresses)).toEqual([]);
  });

  it.each([...anchors])('%s has no heading twice', (_name, all) => {
    expect(new Set(all).size).toBe(all.length);
  });
});

describe('names on the screen', () => {
  /** What people see: pages, cards and answers, the menu under the chat. */
  const lines = [
    ...below('h5/admin/src', '.vue', '.ts'),
    ...below('h5/member/src', '.vue', '.ts'),
    ...below('message-templates', '.card', '.txt', '.toml', '.html'),
    'src/bot/menu.rs',
    'src/bot/labels.rs',
  ]
    .flatMap((file) => read(file).split('\n'))
    .filter((line) => !line.includes('docs/manual'));

  /** N stands for a number. */
  const isThere = (name: string): boolean => {
    const pieces = name.split(/ ?N ?/).filter((piece) => piece !== '');
    return lines.some((line) => pieces.every((piece) => line.includes(piece)));
  };

  /** Emphasis, and no names. */
  const EMPHASIS = /[，。：]|^(加粗|不要|先不要|所有文件|必须是|同一个版本|马上|通过之后钱|把这个目录|主密钥不要|不要慌)/;
  const names = quoted(/\*\*(.+?)\*\*/g).filter(([, name]) => !EMPHASIS.test(name));

  it('are many', () => {
    expect(names.length).toBeGreaterThan(120);
  });

  it.each(names)('%s: %s', (_manual, name) => {
    expect(isThere(name), name).toBe(true);
  });
});

describe('what is typed', () => {
  const code = quoted(/`([^`]+)`/g);
  const verbs = [...read('src/bot/command.rs').matchAll(/^ {4}\("([^"]+)", Verb::/gm)].map((match) => match[1] ?? '');
  const example = read('campkeeper.example.toml');
  const cli = read('src/cli/mod.rs');
  const jobs = read('src/jobs/mod.rs');

  /** A key of the configuration: its block is there, and below that the key. */
  const isSetting = (key: string): boolean => {
    const [, block = '', name = ''] = /^([a-z_.]+)\.([a-z_]+)$/.exec(key) ?? [];
    const part = example.split(`\n[${block}]\n`)[1]?.split(/\n\[/)[0] ?? '';
    return part.split('\n').some((line) => line.startsWith(`${name} =`));
  };
  const isVerb = (text: string): boolean => verbs.includes(text.split(' ')[0] ?? '');

  it('is a command of the bot where it is Chinese', () => {
    const said = code.filter(([, text]) => /^\p{Script=Han}/u.test(text));
    expect(said.length).toBeGreaterThan(20);
    expect(said.filter(([, text]) => !isVerb(text)).map(([, text]) => text)).toEqual(['这样的字']);
  });

  it('is a setting where it has a block', () => {
    const settings = code.filter(([, text]) => /^[a-z_]+\.[a-z_.]+$/.test(text));
    expect(settings.length).toBeGreaterThan(8);
    expect(settings.filter(([, key]) => !isSetting(key))).toEqual([]);
  });

  it('is a job where it has a line in the table', () => {
    const named = [...(TEXTS.get('operator') ?? '').matchAll(/^\| [^|]+ \| (`[^|]+`) \|/gm)].flatMap((row) => [
      ...(row[1] ?? '').matchAll(/`([a-z-]+)`/g),
    ]);
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter(([, job]) => !jobs.includes(`"${job}",`))).toEqual([]);
  });

  it('is a command of the program', () => {
    const lines = [...TEXTS.values()].flatMap((text) => [
      ...text.matchAll(/(?:\bas |`)campkeeper ([a-z][a-z -]*)/g),
      ...text.matchAll(/^ *campkeeper ([a-z][a-z -]*)/gm),
    ]);
    expect(lines.length).toBeGreaterThan(20);
    const isCommand = (word: string): boolean => new RegExp(`\\b${word[0]?.toUpperCase() ?? ''}${word.slice(1)}\\b`).test(cli);
    const unknown = lines.filter((match) => {
      const [command = '', sub = ''] = (match[1] ?? '').trim().split(' ');
      const hasSub = new RegExp(`${command[0]?.toUpperCase() ?? ''}${command.slice(1)}Command`).test(cli);
      return !isCommand(command) || (hasSub && sub !== '' && !isCommand(sub));
    });
    expect(unknown.map((match) => match[0])).toEqual([]);
    const jobsRun = [...[...TEXTS.values()].join('\n').matchAll(/job run ([a-z-]+)/g)];
    expect(jobsRun.filter(([, job]) => !jobs.includes(`"${job}",`))).toEqual([]);
  });

  it('names files of the archive that are there', () => {
    const files = [...[...TEXTS.values()].join('\n').matchAll(/\bdeploy\/[a-z.]+/g)].map(([file]) => file);
    expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  });
});
