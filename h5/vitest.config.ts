import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { include: ['{api,member,admin}/src/**/*.test.ts', 'admin/manuals/*.test.ts'], environment: 'node', css: true },
});
