import vue from '@vitejs/plugin-vue';
import components from 'unplugin-vue-components/vite';
import { ElementPlusResolver } from 'unplugin-vue-components/resolvers';
import { defineConfig } from 'vite';
import { manuals } from './manuals/plugin.ts';

/** Where `npm run dev` finds the API: a running `campkeeper serve` or the demo. */
const API_ORIGIN = process.env['CAMPKEEPER_ORIGIN'] ?? 'http://127.0.0.1:8080';

export default defineConfig({
  base: '/admin/',
  plugins: [
    vue(),
    manuals(),
    // Of Element Plus, each page loads the parts that its template names, with their styles. Our own
    // components are imported by hand, as everywhere.
    components({ dirs: [], dts: false, resolvers: [ElementPlusResolver()] }),
  ],
  build: {
    // Staff work in a browser that is kept up to date, or in WeCom's own.
    target: ['es2022', 'chrome94', 'safari15.4'],
    // Read by scripts/check-bundle.mjs.
    manifest: 'manifest.json',
    // Inlined pictures would need `data:` in every policy; files are cached for good anyway.
    assetsInlineLimit: 0,
    // All styles in one file keep their order, by which ours stand above Element Plus's.
    cssCodeSplit: false,
  },
  server: {
    // The manuals lie beside the pages.
    fs: { allow: ['..', '../../docs/manual'] },
    proxy: { '/api': API_ORIGIN, '/files': API_ORIGIN },
  },
});
