// The control panel: time, payments, planet, faults, violations, notifications.

import { attempt, control, dayTime, el, fullTime } from "./dom.js";

const PRESETS = [
  ["企业微信：下一条消息发出后断线", { platform: "wecom", pathPrefix: "cgi-bin/message/send", kind: "cut_after" }],
  ["企业微信：频率超限 45009", { platform: "wecom", pathPrefix: "cgi-bin/message/send", kind: "api_error", arguments: { code: "45009", message: "api freq out of limit" } }],
  ["企业微信：token 提前失效", { platform: "wecom", kind: "expired_token" }],
  ["企业微信：下一个回调丢失", { platform: "wecom", kind: "named", arguments: { name: "callback_lost" } }],
  ["企业微信：下一个回调重复 3 次", { platform: "wecom", kind: "named", arguments: { name: "callback_doubled", with: { copies: 2 } } }],
  ["企业微信：下一个回调与再下一个颠倒", { platform: "wecom", kind: "named", arguments: { name: "callback_reordered" } }],
  ["企业微信：下一个回调签名错误", { platform: "wecom", kind: "named", arguments: { name: "callback_bad_signature" } }],
  ["微信支付：退款已受理但断线", { platform: "wechat-pay", pathPrefix: "v3/refund", method: "POST", kind: "cut_after" }],
  ["微信支付：退款返回 500", { platform: "wechat-pay", pathPrefix: "v3/refund", method: "POST", kind: "api_error", arguments: { code: "SYSTEM_ERROR", message: "系统异常" } }],
  ["微信支付：退款结果异常", { platform: "wechat-pay", pathPrefix: "refund", kind: "named", arguments: { name: "refund_outcome", with: { outcome: "ABNORMAL" } } }],
  ["微信支付：支付通知丢失", { platform: "wechat-pay", pathPrefix: "notify/payment", kind: "named", arguments: { name: "lost_notification" } }],
  ["微信支付：支付通知重复", { platform: "wechat-pay", pathPrefix: "notify/payment", kind: "named", arguments: { name: "doubled_notification", with: { copies: 3 } } }],
  ["知识星球：连续 3 次 1059", { platform: "zsxq", kind: "api_error", arguments: { code: "1059", message: "内部错误" }, times: 3 }],
  ["知识星球：Cookie 失效", { platform: "zsxq", kind: "expired_token" }],
  ["知识星球：翻到第 3 页时失败", { platform: "zsxq", kind: "http_status", arguments: { status: 502, body: "" }, after: 2 }],
  ["知识星球：慢 3 秒", { platform: "zsxq", kind: "latency", arguments: { ms: 3000 }, times: 5 }],
];

const DAY_MS = 86_400_000;
const sections = [];

/** Builds the panel and keeps it fresh. */
export function startPanel(panel, pollMs) {
  panel.append(clockSection(), paymentSection(), refundSection(), planetSection(), faultSection(),
    violationSection(), notificationSection());
  const refresh = () => Promise.all(sections.map((section) => section().catch(() => undefined)));
  refresh();
  setInterval(refresh, pollMs * 2);
}

/** A section that redraws its body when what it shows has changed. */
function section(title, load, draw, { isOpen = true, tools = [] } = {}) {
  const badge = el("span", { class: "badge" });
  const body = el("div", { class: "body" });
  const node = el("details", { class: "section", open: isOpen },
    el("summary", {}, title, badge), ...tools, body);
  let drawn = "";
  const refresh = async () => {
    const data = await load();
    const picture = JSON.stringify(data);
    if (picture === drawn) return;
    drawn = picture;
    const { count, content } = draw(data);
    badge.textContent = count ? String(count) : "";
    body.replaceChildren(...content);
  };
  sections.push(refresh);
  return { node, refresh };
}

/** Time goes forward only: what the application has done on a day stays done. */
function clockSection() {
  const shown = document.getElementById("business-time");
  const move = (body) => attempt(async () => { draw(await control("clock", body)); });
  const step = (label, seconds) => el("button", {
    type: "button", onclick: () => move({ advanceSeconds: seconds }),
  }, label);
  const wanted = el("input", { type: "datetime-local", title: "北京时间" });
  const jump = () => attempt(async () => {
    const instant = new Date(`${wanted.value}:00+08:00`);
    if (Number.isNaN(instant.getTime())) throw new Error("请先选一个时间");
    const { now } = await control("clock");
    if (instant <= new Date(now)) throw new Error("时间只能往前走，请选更晚的时间");
    await move({ setTo: instant.toISOString() });
  });
  const offset = el("span", { class: "muted" });
  const draw = (clock) => {
    shown.textContent = fullTime(clock.now);
    offset.textContent = offsetText(clock.offsetSeconds);
  };
  sections.push(async () => draw(await control("clock")));
  return el("details", { class: "section", open: true },
    el("summary", {}, "时间"),
    el("div", { class: "tools" },
      step("＋1 小时", 3600), step("＋1 天", 86400), step("＋7 天", 604800)),
    el("div", { class: "tools" }, wanted,
      el("button", { type: "button", onclick: jump }, "拨到（北京时间）")),
    offset);
}

function offsetText(seconds) {
  const hours = Math.round(Math.abs(seconds) / 3600);
  if (hours === 0) return "与真实时间相同";
  const size = hours < 48 ? `${hours} 小时` : `${Math.round(hours / 24)} 天`;
  return `比真实时间${seconds < 0 ? "慢" : "快"} ${size}`;
}

function paymentSection() {
  const load = () => control("wechat-pay/pending");
  const pay = (order) => attempt(async () => {
    await control("wechat-pay/pay", { outTradeNo: order.outTradeNo });
    await made.refresh();
  });
  const draw = (orders) => ({
    count: orders.length,
    content: orders.length
      ? orders.map((order) => el("div", { class: "row" },
          el("div", {}, el("b", {}, `¥${yuan(order.amountFen)}`), ` ${order.description ?? ""}`,
            el("div", { class: "muted" }, `${order.channel} · ${order.outTradeNo}`)),
          el("button", { type: "button", class: "primary", onclick: () => pay(order) },
            order.codeUrl ? "扫一扫付款" : "付款")))
      : [empty("没有待付的订单")],
  });
  const made = section("待付订单（扫一扫）", load, draw);
  return made.node;
}

const REFUND_STATUS = {
  PROCESSING: "处理中", SUCCESS: "成功", ABNORMAL: "异常", CLOSED: "关闭",
};

function refundSection() {
  const load = () => control("wechat-pay/refunds");
  const draw = (refunds) => ({
    count: refunds.length,
    content: refunds.length
      ? refunds.slice(-20).reverse().map((refund) => el("div", { class: "entry" },
          el("b", {}, `¥${yuan(refund.refundFen)}`),
          ` ${REFUND_STATUS[refund.status] ?? refund.status} · 请求 ${refund.posts} 次，执行 ${refund.executions} 次`,
          el("div", { class: "muted" }, `${refund.outRefundNo} · ${refund.reason ?? ""}`)))
      : [empty("还没有退款")],
  });
  return section("退款", load, draw, { isOpen: false }).node;
}

function planetSection() {
  const load = async () => {
    const [projects, users] = await Promise.all([control("zsxq/projects"), control("zsxq/users")]);
    return { projects, users };
  };
  const draw = ({ projects, users }) => ({
    count: projects.length,
    content: projects.length
      ? projects.toReversed().map((project) => planetProject(project, users, () => made.refresh()))
      : [empty("星球里还没有打卡项目")],
  });
  const nickname = el("input", { placeholder: "昵称", size: 8 });
  const number = el("input", { placeholder: "成员编号", size: 6, inputMode: "numeric" });
  const project = el("input", { placeholder: "打卡项目名", size: 10 });
  const days = el("input", { type: "number", value: 7, min: 1, max: 365, title: "打卡天数" });
  const addPerson = () => attempt(async () => {
    await control("zsxq/users", {
      nickname: nickname.value.trim() || "新成员", number: Number(number.value) || null,
    });
    await made.refresh();
  });
  const addProject = () => attempt(async () => {
    await control("zsxq/projects", {
      name: project.value.trim() || "打卡项目", checkinDays: Number(days.value) || 7,
    });
    await made.refresh();
  });
  const tools = [
    el("div", { class: "tools" }, project, days,
      el("button", { type: "button", onclick: addProject }, "建项目")),
    el("div", { class: "tools" }, nickname, number,
      el("button", { type: "button", onclick: addPerson }, "加成员")),
  ];
  const made = section("知识星球打卡", load, draw, { isOpen: false, tools });
  return made.node;
}

function planetProject(project, users, refresh) {
  const who = el("select", {}, users.map((user) => el("option", { value: user.userId }, user.nickname)));
  const when = el("input", { type: "datetime-local", title: "打卡时间（北京时间），空为现在" });
  const post = (at) => control("zsxq/posts", {
    projectId: project.projectId, userId: who.value, text: "今日打卡", at,
  });
  const once = () => attempt(async () => {
    await post(when.value ? `${when.value}:00+08:00` : null);
    await refresh();
  });
  // Posts that lie ahead show when their day has come.
  const daily = () => attempt(async () => {
    const from = Date.parse((await control("clock")).now);
    for (let day = 0; day < project.checkinDays; day += 1) {
      await post(new Date(from + day * DAY_MS).toISOString());
    }
    await refresh();
  });
  const id = project.projectId;
  return el("div", { class: "project" },
    el("b", {}, project.name), el("span", { class: "muted" }, ` ${id} · ${project.checkinDays} 天`),
    el("div", { class: "tools" }, who, when,
      el("button", { type: "button", onclick: once }, "替 TA 打卡"),
      el("button", { type: "button", onclick: daily }, `从今天起连打 ${project.checkinDays} 天`)),
    el("ul", {}, project.posts.slice(0, 5).map((found) =>
      el("li", {}, `${dayTime(found.at)} ${found.nickname ?? found.userId}：${found.text ?? ""}`))));
}

function faultSection() {
  const choice = el("select", {}, PRESETS.map(([label], idx) => el("option", { value: idx }, label)));
  const order = () => attempt(async () => {
    await control("faults", PRESETS[Number(choice.value)][1]);
    await made.refresh();
  });
  const clear = () => attempt(async () => {
    await control("faults", undefined, "DELETE");
    await made.refresh();
  });
  const own = el("textarea", {
    rows: 3, placeholder: '{"platform":"wecom","pathPrefix":"cgi-bin","kind":"cut_after","times":1}',
  });
  const orderOwn = () => attempt(async () => {
    await control("faults", JSON.parse(own.value));
    await made.refresh();
  });
  const tools = el("div", {},
    el("div", { class: "tools" }, choice,
      el("button", { type: "button", onclick: order }, "安排"),
      el("button", { type: "button", onclick: clear }, "全部取消")),
    el("details", { class: "own" }, el("summary", {}, "自己写一个"), own,
      el("button", { type: "button", onclick: orderOwn }, "安排")));
  const draw = (faults) => ({
    count: faults.length,
    content: faults.map((fault) => el("div", { class: "entry" },
      `${fault.platform} /${fault.pathPrefix} `, el("b", {}, fault.arguments?.name ?? fault.kind),
      ` ×${fault.times}${fault.after ? `（先放过 ${fault.after} 次）` : ""}`)),
  });
  const made = section("故障", () => control("faults"), draw, { tools: [tools] });
  return made.node;
}

function violationSection() {
  const clear = () => attempt(async () => {
    await control("violations", undefined, "DELETE");
    await made.refresh();
  });
  const draw = (violations) => ({
    count: violations.length,
    content: violations.length
      ? [
          ...violations.slice(-20).reverse().map((found) => el("div", { class: "entry bad" },
            el("b", {}, found.rule), ` — ${found.detail}`,
            el("div", { class: "muted" }, `${found.platform} · ${found.request} · ${dayTime(found.at)}`))),
          el("button", { type: "button", onclick: clear }, "清空"),
        ]
      : [empty("应用遵守了所有协议规则")],
  });
  const made = section("违规", () => control("violations"), draw);
  return made.node;
}

function notificationSection() {
  const load = async () => {
    const [wecom, pay] = await Promise.all([
      control("wecom/deliveries"), control("wechat-pay/notifications"),
    ]);
    const callbacks = wecom.map((found) => ({
      at: found.at, what: `${found.kind} · ${found.userid}`, id: found.id,
      status: found.attempts.map((attempt) => attempt.status ?? "无应答").join(" → ") || "未送出",
      isGood: found.attempts.at(-1)?.status === 200,
    }));
    const notices = pay.slice(-50).map((found) => ({
      at: found.at, what: `微信支付 ${found.kind} · ${found.subject}`,
      status: found.status ?? "无应答", isGood: found.accepted,
    }));
    return [...callbacks, ...notices].sort((a, b) => a.at < b.at ? 1 : -1).slice(0, 30);
  };
  const replay = (id) => attempt(() => control("wecom/replay", { deliveryId: id }));
  const draw = (entries) => ({
    count: entries.length,
    content: entries.length
      ? entries.map((entry) => el("div", { class: `entry ${entry.isGood ? "" : "bad"}` },
          `${dayTime(entry.at)} ${entry.what} `, el("b", {}, String(entry.status)),
          entry.id
            ? el("button", { type: "button", class: "small", title: "原样重放", onclick: () => replay(entry.id) }, "重放")
            : null))
      : [empty("还没有回调和通知")],
  });
  return section("回调与通知", load, draw, { isOpen: false }).node;
}

const empty = (text) => el("p", { class: "empty" }, text);
const yuan = (fen) => (fen % 100 ? (fen / 100).toFixed(2) : String(fen / 100));
