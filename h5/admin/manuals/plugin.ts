/** Lets pages import a manual: each becomes a chunk of its own, its pictures files beside it. */
import { dirname, join } from 'node:path';
import type { Plugin } from 'vite';
import { render } from './render.ts';
import { sizeOfFile } from './webp.ts';

export function manuals(): Plugin {
  return {
    name: 'campkeeper-manuals',
    enforce: 'pre',
    transform(markdown, id) {
      if (!id.endsWith('.md')) return null;
      const folder = dirname(id);
      const { manual, pictures, missing } = render(markdown, (file) => sizeOfFile(join(folder, file)));
      for (const file of missing) this.warn(`${file} is missing: make manual-pictures`);
      const imports = pictures.map(({ file }, at) => `import p${at} from ${JSON.stringify(`./${file}`)};`);
      const text = JSON.stringify(manual).replace(/@@picture-(\d+)@@/g, '" + p$1 + "');
      return { code: `${imports.join('\n')}\nexport default ${text};`, map: null };
    },
  };
}
