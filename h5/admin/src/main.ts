import { createApp } from 'vue';
import App from './App.vue';
import { router } from './router';
import { followTheme } from './theme';
import 'element-plus/theme-chalk/dark/css-vars.css';
import './styles/tokens.css';
import './styles/base.css';

followTheme();
createApp(App).use(router).mount('#app');
