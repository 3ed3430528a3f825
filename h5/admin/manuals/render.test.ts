import { describe, expect, it } from 'vitest';
import { anchorOf, render } from './render';

const size = () => ({ width: 600, height: 300 });

describe('a manual', () => {
  it('is cut into its sections', () => {
    const { manual } = render('# 手册\n\n开头。\n\n## 一、准备\n\n甲\n\n### 再看\n\n乙\n\n## 二\n\n丙\n', size);
    expect(manual.title).toBe('手册');
    expect(manual.intro).toContain('<p>开头。</p>');
    expect(manual.sections.map(({ id, title }) => [id, title])).toEqual([
      ['一准备', '一、准备'],
      ['二', '二'],
    ]);
    expect(manual.sections[0]?.html).toContain('<h3 id="再看">再看</h3>');
  });

  it('shows pictures when they are looked at, with their size', () => {
    const { manual, pictures } = render('# a\n\n![一张 "卡片"](images/card.webp)\n', size);
    expect(pictures).toEqual([{ file: 'images/card.webp', place: '@@picture-0@@' }]);
    expect(manual.intro).toContain('loading="lazy"');
    expect(manual.intro).toContain('alt="一张 &quot;卡片&quot;" width="600" height="300"');
  });

  it('leads to other manuals, to places of its own, and outside into another window', () => {
    const text = '# a\n\n[一](coach.md#催打卡) [二](#这里) [三](https://example.com/?a=1&b=2)\n';
    const { manual, links, addresses } = render(text, size);
    expect(links).toEqual([
      ['coach', '催打卡'],
      ['', '这里'],
    ]);
    expect(addresses).toEqual(['https://example.com/?a=1&b=2']);
    expect(manual.intro).toContain('<a href="/admin/help/coach#催打卡">一</a> <a href="#这里">二</a>');
    expect(manual.intro).toContain('rel="noopener">三</a>');
  });

  it('has no HTML, and begins with its title', () => {
    expect(() => render('# a\n\n<script>x</script>\n', size)).toThrow('without HTML');
    expect(() => render('a\n', size)).toThrow('title');
  });
});

it('anchors are those of GitHub', () => {
  expect(anchorOf('只丢了图片，怎么办？ Step 2')).toBe('只丢了图片怎么办-step-2');
});
