/** What a fresh installation still needs: each step is done only when it was tried. */

export interface Check {
  name: string;
  title: string;
  state: string;
  message: string;
  remedy?: string | null;
}

export interface Step {
  title: string;
  state: 'ok' | 'warn' | 'fail' | 'off';
  /** What is not well of it, or what it says when all is. */
  checks: Check[];
  to: { name: string };
}

const STEPS: readonly { title: string; parts: readonly string[] }[] = [
  { title: '连上企业微信', parts: ['wecom_token', 'trusted_ip', 'agent', 'trusted_domain'] },
  { title: '收到企业微信的消息', parts: ['callback'] },
  { title: '连上微信支付', parts: ['wechat_pay', 'notify_address'] },
  { title: '登录知识星球', parts: ['planet'] },
  { title: '选好收审核卡片的人', parts: ['recipients'] },
];
const WORST = ['ok', 'warn', 'off', 'fail'] as const;

/** The steps in their order; `camps` is how many there are. */
export function firstSteps(checks: readonly Check[], camps: number): Step[] {
  const steps: Step[] = STEPS.map(({ title, parts }) => {
    const own = checks.filter((check) => parts.includes(check.name));
    const rank = Math.max(0, ...own.map((check) => WORST.findIndex((state) => state === check.state)));
    const state = own.length === 0 ? 'off' : (WORST[rank] ?? 'fail');
    const bad = own.filter((check) => check.state !== 'ok' && check.message !== '');
    return { title, state, checks: bad.length > 0 ? bad : own, to: { name: 'config' } };
  });
  const first: Step = {
    title: '发布第一个训练营',
    state: camps > 0 ? 'ok' : 'off',
    checks: [],
    to: { name: camps > 0 ? 'camps' : 'camp-new' },
  };
  return [...steps, first];
}

/** True once nothing of it is left to do. */
export function isThrough(steps: readonly Step[]): boolean {
  return steps.every((step) => step.state === 'ok');
}

/** What fails besides the steps: clock, disk, backup and the like. */
export function otherTrouble(checks: readonly Check[]): Check[] {
  const ofSteps = STEPS.flatMap((step) => step.parts);
  const isBad = (check: Check): boolean => check.state === 'fail' || check.state === 'warn';
  return checks.filter((check) => isBad(check) && !ofSteps.includes(check.name));
}
