import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';

/** Where `npm run dev` finds the API: a running `campkeeper serve` or the demo. */
const API_ORIGIN = process.env['CAMPKEEPER_ORIGIN'] ?? 'http://127.0.0.1:8080';

export default defineConfig({
  base: '/h5/',
  plugins: [vue()],
  build: {
    // The web views of phones some five years old: iOS 14.5 and Android WeChat's own engine.
    target: ['es2020', 'chrome86', 'safari14.1'],
    // Read by scripts/check-bundle.mjs.
    manifest: 'manifest.json',
    // Inlined pictures would need `data:` in every policy; files are cached for good anyway.
    assetsInlineLimit: 0,
    // On a slow line the number of requests costs more than their size: all styles are one
    // small file, and what two pages share is one script that the entry asks for at once.
    cssCodeSplit: false,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [{ name: 'shared', test: /\/(src|vant|@vant)\//, minShareCount: 2 }],
        },
      },
    },
  },
  server: {
    proxy: { '/api': API_ORIGIN, '/files': API_ORIGIN },
  },
});
