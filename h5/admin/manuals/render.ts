/**
 * Turns a manual (docs/manual, Markdown) into what the console shows. Runs while the pages are built;
 * a browser is sent the result.
 */
import { Marked } from 'marked';
import type { Manual, ManualSection } from '../src/logic/manuals';

/** A picture as it is shown, before its address is known: `place` stands for that in the text. */
export interface Picture {
  file: string;
  place: string;
}

export interface Rendered {
  manual: Manual;
  pictures: Picture[];
  /** Pictures that it names and nobody has taken yet: their words stand in their place. */
  missing: string[];
  /** What it leads to: `[file, anchor]`, the file empty within the same manual. */
  links: [string, string][];
  /** Addresses outside of the manuals. */
  addresses: string[];
}

interface Size {
  width: number;
  height: number;
}

/** Pixels from which on a picture is of a whole desk, and no phone or part of one. */
const WIDE = 1000;
/** Where the console shows the manuals. */
const HELP = '/admin/help/';

/** The anchor of a heading, as GitHub makes it, so that a link leads to the same place in both. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}\- _]/gu, '')
    .replaceAll(' ', '-');
}

/** Renders one; `sizeOf` says how large a picture is, so that nothing jumps while it is loaded. */
export function render(markdown: string, sizeOf: (file: string) => Size | null): Rendered {
  const pictures: Picture[] = [];
  const missing: string[] = [];
  const links: [string, string][] = [];
  const addresses: string[] = [];
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth, text }) {
        return `<h${depth} id="${anchorOf(text)}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
      },
      image({ href, text }) {
        const size = sizeOf(href);
        if (size === null) {
          missing.push(href);
          return `<em>${escaped(text)}</em>`;
        }
        const place = `@@picture-${pictures.length}@@`;
        pictures.push({ file: href, place });
        const { width, height } = size;
        const shape = width >= WIDE ? 'wide' : height > width ? 'tall' : 'part';
        return (
          `<a class="picture ${shape}" href="${place}" target="_blank">` +
          `<img src="${place}" alt="${escaped(text)}" width="${width}" height="${height}" loading="lazy"></a>`
        );
      },
      link({ href, tokens }) {
        const words = this.parser.parseInline(tokens);
        const inside = /^(?:([a-zA-Z-]+)\.md)?(?:#(.+))?$/.exec(href);
        if (inside === null) {
          addresses.push(href);
          return `<a href="${escaped(href)}" target="_blank" rel="noopener">${words}</a>`;
        }
        const [, file = '', anchor = ''] = inside;
        links.push([file, decodeURIComponent(anchor)]);
        const hash = anchor === '' ? '' : `#${escaped(decodeURIComponent(anchor))}`;
        return `<a href="${file === '' ? '' : HELP + file.toLowerCase()}${hash}">${words}</a>`;
      },
      html({ text }) {
        throw new Error(`a manual is Markdown without HTML: ${text}`);
      },
    },
  });
  return { manual: manualOf(marked, markdown), pictures, missing, links, addresses };
}

/** One section for each heading of the second level, and what stands before the first. */
function manualOf(marked: Marked, markdown: string): Manual {
  const [first = '', ...rest] = markdown.split(/^(?=## )/m);
  const title = /^# (.+)$/m.exec(first)?.[1];
  if (title === undefined) throw new Error('a manual begins with its title');
  const intro = first.replace(/^# .+$/m, '');
  const sections = rest.map((text): ManualSection => {
    const heading = /^## (.+)$/m.exec(text)?.[1] ?? '';
    const html = marked.parse(text.replace(/^## .+$/m, ''), { async: false });
    return { id: anchorOf(heading), title: heading, html };
  });
  return { title, intro: marked.parse(intro, { async: false }), sections };
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}
