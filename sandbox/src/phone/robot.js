// The smart robot's chats: one per person, and the groups it is in.

import { attempt, control, dayTime, el } from "./dom.js";
import { drawCard, markdown } from "./messages.js";

/** Key of a person's own chat with the robot among the tabs; groups are `robot:<chatId>`. */
const SINGLE = "robot:";

export const isRobotChat = (key) => key.startsWith(SINGLE);

/** Whether the application has a robot: asked once, since without one there is nobody to talk to. */
let isConnected;

/** The chats of everybody shown, by userid; none where the application has no robot. */
export async function loadRobotChats(people) {
  isConnected ??= (await control("wecom/robot/connected")).connected;
  if (!isConnected) return { name: "", of: new Map() };
  const { name, people: shown } = await control(`wecom/robot/chats?${new URLSearchParams({ people })}`);
  return { name, of: new Map(shown.map(({ userid, chats }) => [userid, chats])) };
}

/** The tabs of a person's chats with the robot: key and label. */
export function robotTabs(chats) {
  return chats.map((chat) => ({
    key: SINGLE + (chat.chatId ?? ""),
    label: chat.chatId
      ? `${chat.name}${chat.messages.length ? ` ${chat.messages.length}` : ""}`
      : `${chat.name}（机器人）`,
  }));
}

/** The chat behind a tab. */
export function robotChat(chats, key) {
  return chats.find((chat) => SINGLE + (chat.chatId ?? "") === key);
}

/** What the input of a chat suggests: in a group the robot hears only what mentions it. */
export function robotHint(chat, name) {
  return chat.chatId ? `@${name} 才听得到，如：@${name} 进度` : `问问${name}，如：进度`;
}

/** Says something in a chat. */
export function sayToRobot(userid, chat, text) {
  return control("wecom/robot/say", { userid, chatId: chat.chatId ?? undefined, text });
}

/** Opens a person's own chat with the robot. */
export function enterRobotChat(userid) {
  return control("wecom/robot/enter", { userid });
}

/** A message of the robot's chats, as this person sees it. */
export function drawRobotChatMessage(message, { userid, names, open, draft, refresh }) {
  const isMine = message.author === userid;
  const press = async (button, selections) => {
    await attempt(() => control("wecom/robot/press", {
      userid, messageId: message.messageId, button: button.key, selections,
    }));
    for (const key of Object.keys(draft)) delete draft[key];
    refresh();
  };
  const who = message.author && !isMine ? names.get(message.author) ?? message.author : null;
  return el("div", { class: `message ${isMine ? "mine" : "theirs"}` },
    el("time", {}, [who, dayTime(message.at)].filter(Boolean).join(" · ")),
    message.quotes ? el("blockquote", {}, message.quotes) : null,
    drawWords(message),
    message.card
      ? drawCard({ card: message.card, content: message.cardContent }, { open, press, draft })
      : null,
    drawThumbs(message, userid, refresh));
}

function drawWords(message) {
  const isStream = message.stream !== null;
  if (!message.content && !isStream) {
    return message.card ? null : el("div", { class: "bubble file" }, `［${message.msgtype}］`);
  }
  if (!isStream && message.msgtype !== "markdown") {
    return el("div", { class: "bubble" }, message.content);
  }
  const { thinking, said } = parted(message.content);
  return el("div", { class: "bubble markdown" },
    thinking ? el("details", { class: "thinking" }, el("summary", {}, "思考过程"), thinking) : null,
    el("div", { html: markdown(said) }),
    message.pictures.map((picture) => el("img", {
      class: "picture", alt: "图片", src: `data:image/*;base64,${picture}`,
    })),
    drawProgress(message.stream));
}

function drawProgress(stream) {
  if (!stream || stream.isFinished) return null;
  return stream.isBrokenOff
    ? el("span", { class: "muted" }, "（超过 6 分钟没有写完，已中断）")
    : el("span", { class: "writing", title: "正在回答" }, "●●●");
}

/** `<think>…</think>` shows apart from the rest. */
function parted(content) {
  const found = /<think>([\s\S]*?)(?:<\/think>|$)/.exec(content);
  return found
    ? { thinking: found[1].trim(), said: content.replace(found[0], "").trim() }
    : { thinking: "", said: content };
}

function drawThumbs(message, userid, refresh) {
  if (!message.feedback) return null;
  const given = message.feedback.kind;
  const thumb = (kind, sign, title) => el("button", {
    type: "button", class: `small ${given === kind ? "on" : ""}`, title,
    onclick: async () => {
      await attempt(() => control("wecom/robot/rate", {
        userid, messageId: message.messageId, kind: given === kind ? "cancelled" : kind,
        ...(kind === "inaccurate" && given !== kind ? { reasons: [3] } : {}),
      }));
      refresh();
    },
  }, sign);
  return el("div", { class: "thumbs" },
    thumb("accurate", "有用", "赞"), thumb("inaccurate", "不对", "踩"));
}
