// Building elements and talking to the control API.

/** An element with properties (`class`, `dataset`, `onclick` …) and children. */
export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") node.className = value;
    else if (name === "html") node.innerHTML = value;
    else if (name === "dataset") Object.assign(node.dataset, value);
    else node[name] = value;
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return node;
}

/** Calls the control API; errors carry what it said. */
export async function control(path, body, method) {
  const request = body === undefined
    ? { method: method ?? "GET" }
    : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const answer = await fetch(`/control/${path}`, request);
  const text = await answer.text();
  const json = text ? safeJson(text) : null;
  if (!answer.ok) throw new Error(json?.error ?? (text || `HTTP ${answer.status}`));
  return json;
}

function safeJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

let troubleTimer;

/** Shows a short text at the top for some seconds. */
export function say(text) {
  const node = document.getElementById("trouble");
  node.textContent = text;
  node.hidden = false;
  clearTimeout(troubleTimer);
  troubleTimer = setTimeout(() => { node.hidden = true; }, 6000);
}

/** Runs an action of the person; what goes wrong is shown. */
export async function attempt(action) {
  try {
    return await action();
  } catch (error) {
    say(error.message);
    return undefined;
  }
}

export function escapeHtml(text) {
  const entities = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return String(text ?? "").replace(/[&<>"']/g, (found) => entities[found]);
}

const DAY_TIME = new Intl.DateTimeFormat("zh-CN", {
  timeZone: "Asia/Shanghai", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit",
});
const FULL_TIME = new Intl.DateTimeFormat("zh-CN", {
  timeZone: "Asia/Shanghai", year: "numeric", month: "2-digit", day: "2-digit", weekday: "short",
  hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false,
});

export const dayTime = (instant) => DAY_TIME.format(new Date(instant));
export const fullTime = (instant) => FULL_TIME.format(new Date(instant));
