// The phones: whose they are, their chats with the app and the robot, the app's menu, what people
// say and press.

import { attempt, control, el, say } from "./dom.js";
import { drawMessage, drawRobotMessage } from "./messages.js";
import { startPanel } from "./panel.js";
import {
  drawRobotChatMessage, enterRobotChat, isRobotChat, loadRobotChats, robotChat, robotHint, robotTabs,
  sayToRobot,
} from "./robot.js";

const POLL_MS = 1000;
const STORED = "sandbox-phones";
const APP_CHAT = "";

const state = {
  people: [],
  names: new Map(),
  appUrl: null,
  groups: [],
  menu: null,
  robot: { name: "", of: new Map() },
  phones: [],
};

class Phone {
  constructor(userid) {
    this.userid = userid;
    this.chat = APP_CHAT;
    this.drafts = {};
    this.drawn = "";
    this.node = el("article", { class: "phone" });
    this.build();
  }

  build() {
    this.node.dataset.userid = this.userid;
    this.picker = el("select", {
      class: "person", title: "这是谁的手机",
      onchange: (event) => this.hand(event.target.value),
    }, state.people.map((person) =>
      el("option", { value: person.userid, selected: person.userid === this.userid },
        `${person.name} · ${person.position}`)));
    this.tabs = el("nav", { class: "tabs" });
    this.messages = el("div", { class: "messages" });
    this.messages.addEventListener("click", (event) => {
      const page = event.target.closest("a[data-page]")?.dataset.page;
      if (!page) return;
      event.preventDefault();
      this.open(page);
    });
    this.menu = el("div", { class: "menu" });
    this.input = el("input", { placeholder: "发消息，如：进度", enterKeyHint: "send" });
    const form = el("form", {
      class: "line",
      onsubmit: (event) => {
        event.preventDefault();
        this.speak();
      },
    }, this.input, el("button", { type: "submit" }, "发送"));
    this.foot = el("div", { class: "foot" }, this.menu, form);
    const page = (path, label) => el("button", {
      type: "button", onclick: () => state.appUrl && this.open(state.appUrl + path),
    }, label);
    this.node.replaceChildren(
      el("header", {},
        this.picker,
        page("/api/h5/auth/wecom?redirect=/h5/", "会员页 ↗"),
        page("/admin/", "后台 ↗"),
        el("button", { type: "button", class: "close", title: "收起", onclick: () => drop(this) }, "×")),
      this.tabs, this.messages, this.foot);
  }

  hand(userid) {
    this.userid = userid;
    this.node.dataset.userid = userid;
    this.drawn = "";
    store();
    refresh();
    attempt(() => control("wecom/enter", { userid }));
  }

  /** Opens a page the way the WeCom client does: as this person. */
  open(url) {
    const query = new URLSearchParams({ as: this.userid, url });
    window.open(`/wecom/open?${query}`, "_blank");
  }

  async speak() {
    const text = this.input.value.trim();
    if (!text) return;
    this.input.value = "";
    const chat = this.robotChat();
    await attempt(() => chat
      ? sayToRobot(this.userid, chat, text)
      : control("wecom/say", { userid: this.userid, text }));
    refresh();
  }

  /** This person's chats with the robot. */
  robotChats() {
    return state.robot.of.get(this.userid) ?? [];
  }

  /** The robot's chat that is open, if one is. */
  robotChat() {
    return robotChat(this.robotChats(), this.chat);
  }

  async press(message, button, selections) {
    await attempt(() => control("wecom/press", {
      userid: this.userid, messageId: message.messageId, button: button.key, selections,
    }));
    delete this.drafts[message.messageId];
    refresh();
  }

  draw(chat) {
    const group = state.groups.find((known) => known.key === this.chat);
    const robot = this.robotChat();
    const shown = (group ?? robot)?.messages ?? chat;
    const picture = JSON.stringify([
      this.userid, this.chat, shown, state.menu, state.groups.map(count), this.robotChats().map(count),
    ]);
    if (picture === this.drawn) return;
    this.drawn = picture;
    this.drawTabs();
    this.drawAppMenu();
    this.foot.hidden = Boolean(group);
    this.menu.hidden = Boolean(robot);
    this.input.placeholder = robot ? robotHint(robot, state.robot.name) : "发消息，如：进度";
    const open = (url) => this.open(url);
    const atEnd = this.messages.scrollHeight - this.messages.scrollTop - this.messages.clientHeight < 80;
    const draft = (message) => (this.drafts[message.messageId] ??= {});
    this.messages.replaceChildren(...shown.map((message) => {
      if (group) return drawRobotMessage(message, open);
      if (robot) {
        return drawRobotChatMessage(message, {
          userid: this.userid, names: state.names, open, draft: draft(message), refresh,
        });
      }
      return drawMessage(message, {
        open,
        press: (button, selections) => this.press(message, button, selections),
        draft: draft(message),
      });
    }));
    if (!shown.length) this.messages.append(el("p", { class: "empty" }, "还没有消息"));
    if (atEnd) this.messages.scrollTop = this.messages.scrollHeight;
  }

  /** Opens a chat; the robot hears when somebody opens theirs. */
  turnTo(key) {
    this.chat = key;
    const robot = this.robotChat();
    if (isRobotChat(key) && robot && !robot.chatId) {
      attempt(() => enterRobotChat(this.userid)).then(refresh);
    }
    refresh();
  }

  drawTabs() {
    const tab = (key, label) => el("button", {
      type: "button", class: key === this.chat ? "on" : "",
      onclick: () => this.turnTo(key),
    }, label);
    this.tabs.replaceChildren(tab(APP_CHAT, "训练营助手"),
      ...robotTabs(this.robotChats()).map(({ key, label }) => tab(key, label)),
      ...state.groups.map((group) =>
        tab(group.key, `${group.groupName}${group.messages.length ? ` ${group.messages.length}` : ""}`)));
  }

  drawAppMenu() {
    const buttons = state.menu?.button ?? [];
    this.menu.replaceChildren(...buttons.map((button) => button.sub_button?.length
      ? el("details", {}, el("summary", {}, `≡ ${button.name}`),
          el("div", { class: "sub" }, button.sub_button.map((child) => this.menuButton(child))))
      : this.menuButton(button)));
  }

  menuButton(button) {
    const act = (event) => {
      event.target.closest("details")?.removeAttribute("open");
      if (button.type === "view") return this.open(button.url);
      if (!button.key) return say(`沙箱不支持菜单类型 ${button.type}`);
      return attempt(() => control("wecom/click-menu", { userid: this.userid, key: button.key }));
    };
    return el("button", { type: "button", onclick: act }, button.name);
  }
}

const count = (group) => group.messages.length;

function add(userid) {
  const phone = new Phone(userid);
  state.phones.push(phone);
  document.getElementById("phones").append(phone.node);
  store();
}

function drop(phone) {
  if (state.phones.length === 1) return;
  state.phones = state.phones.filter((other) => other !== phone);
  phone.node.remove();
  store();
}

function store() {
  localStorage.setItem(STORED, JSON.stringify(state.phones.map((phone) => phone.userid)));
}

function stored() {
  try {
    const known = new Set(state.people.map((person) => person.userid));
    const userids = JSON.parse(localStorage.getItem(STORED) ?? "[]");
    return userids.filter((userid) => known.has(userid));
  } catch {
    return [];
  }
}

let isRefreshing = false;

async function refresh() {
  if (isRefreshing) return;
  isRefreshing = true;
  try {
    const people = [...new Set(state.phones.map((phone) => phone.userid))].join(",");
    const [shown, groups, app, robot] = await Promise.all([
      control(`wecom/phones?${new URLSearchParams({ people })}`),
      control("wecom/groups"),
      control("app"),
      loadRobotChats(people),
    ]);
    state.robot = robot;
    state.groups = groups;
    state.menu = shown.menu;
    state.appUrl = app.url;
    document.getElementById("app-url").textContent = app.url ? `应用：${app.url}` : "还没有应用";
    for (const phone of state.phones) {
      const own = shown.phones.find((found) => found.userid === phone.userid);
      phone.draw(own?.chat ?? []);
    }
  } catch (error) {
    say(`沙箱没有回答：${error.message}`);
  } finally {
    isRefreshing = false;
  }
}

async function start() {
  const { members } = await control("wecom/people");
  const byDepartment = (a, b) => a.department - b.department || a.userid.localeCompare(b.userid);
  state.people = members.sort(byDepartment);
  state.names = new Map(members.map((member) => [member.userid, member.name]));
  const first = stored();
  for (const userid of first.length ? first : ["lin.yue", "zhou.ke"]) add(userid);
  document.getElementById("add-phone").onclick = () => {
    const taken = new Set(state.phones.map((phone) => phone.userid));
    add((state.people.find((person) => !taken.has(person.userid)) ?? state.people[0]).userid);
    refresh();
  };
  startPanel(document.getElementById("panel"), POLL_MS);
  await refresh();
  setInterval(refresh, POLL_MS);
}

attempt(start);
