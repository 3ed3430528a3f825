/** What the plugin in manuals/ makes of a manual. */
declare module '*.md' {
  import type { Manual } from './logic/manuals';
  const manual: Manual;
  export default manual;
}
