/** What a `.vue` file is to tools that do not read one; vue-tsc sees each component's own type. */
declare module '*.vue' {
  import type { DefineComponent } from 'vue';
  const component: DefineComponent;
  export default component;
}
