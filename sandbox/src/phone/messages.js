// Draws messages and cards as WeCom does.

import { dayTime, el, escapeHtml, say } from "./dom.js";

/**
 * A message. `press(button, selections)` is called when a card's button is pressed; `draft` keeps
 * what the person has chosen but not sent, by question key.
 */
export function drawMessage(message, { open, press, draft }) {
  const body = message.card
    ? drawCard(message, { open, press, draft })
    : drawContent(message, open);
  return el("div", { class: `message ${message.isFromApp ? "theirs" : "mine"}` },
    el("time", {}, dayTime(message.at)),
    body);
}

/** What a group robot said. */
export function drawRobotMessage(message, open) {
  return el("div", { class: "message theirs" },
    el("time", {}, dayTime(message.at)),
    message.msgtype === "template_card"
      ? drawNotice(message.content, open)
      : drawContent(message, open));
}

function drawContent({ msgtype, content }, open) {
  switch (msgtype) {
    case "text":
      return el("div", { class: "bubble", html: richText(content.content) });
    case "markdown":
    case "markdown_v2":
      return el("div", { class: "bubble markdown", html: markdown(content.content) });
    case "textcard":
      return el("div", { class: "card link", onclick: () => open(content.url) },
        el("h4", {}, content.title),
        el("div", { class: "desc", html: cardHtml(content.description) }),
        el("footer", {}, content.btntxt || "详情"));
    case "news":
    case "mpnews":
      return el("div", { class: "card" }, content.articles.map((article) =>
        el("div", { class: "article", onclick: target(articleLink(article), open) },
          el("h4", {}, article.title), el("p", {}, article.description ?? article.digest ?? ""))));
    default:
      return el("div", { class: "bubble file" }, `［${msgtype}］`);
  }
}

/** A card; `message` has its parts and its JSON. */
export function drawCard(message, { open, press, draft }) {
  const card = message.card;
  const json = message.content;
  const chosen = () => Object.fromEntries(
    card.questions.filter((q) => draft[q.key]).map((q) => [q.key, draft[q.key]]));
  const menu = card.buttons.filter((button) => button.isInMenu);
  const buttons = card.buttons.filter((button) => !button.isInMenu);
  return el("div", { class: `card ${card.cardType}` },
    menu.length ? drawMenu(json.action_menu?.desc, menu, press) : null,
    drawHead(json),
    drawParts(json, open),
    card.questions.map((question) => drawQuestion(question, draft, card.replacedBy !== null)),
    card.replacedBy
      ? el("div", { class: "buttons" }, el("button", { class: "dead", disabled: true }, card.replacedBy))
      : el("div", { class: "buttons" }, buttons.map((button) => drawButton(button, open, () =>
          press(button, chosen())))),
    drawJumps(json, open));
}

/** A card without anything to press, from a group robot. */
function drawNotice(json, open) {
  return el("div", { class: "card" }, drawHead(json), drawParts(json, open), drawJumps(json, open));
}

function drawHead(json) {
  const title = json.main_title ?? {};
  return el("div", { class: "head" },
    json.source?.desc
      ? el("div", { class: `source colour-${json.source.desc_color ?? 0}` }, json.source.desc)
      : null,
    title.title ? el("h4", {}, title.title) : null,
    title.desc ? el("p", { class: "desc" }, title.desc) : null);
}

function drawParts(json, open) {
  const parts = [];
  if (json.card_image) {
    parts.push(el("img", { class: "picture", src: json.card_image.url, alt: "卡片图片" }));
  }
  if (json.image_text_area) parts.push(drawImageText(json.image_text_area, open));
  if (json.emphasis_content) {
    parts.push(el("div", { class: "emphasis" },
      el("b", {}, json.emphasis_content.title ?? ""), el("span", {}, json.emphasis_content.desc ?? "")));
  }
  if (json.sub_title_text) parts.push(el("p", { class: "subtitle" }, json.sub_title_text));
  if (json.quote_area) {
    const quote = json.quote_area;
    parts.push(el("blockquote", {},
      quote.title ? tappable(quote.title, target(quote, open), "b") : null,
      quote.title ? " " : null, quote.quote_text ?? ""));
  }
  for (const row of json.vertical_content_list ?? []) {
    parts.push(el("div", { class: "vertical" }, el("b", {}, row.title), el("p", {}, row.desc ?? "")));
  }
  const rows = json.horizontal_content_list ?? [];
  if (rows.length) {
    parts.push(el("dl", {}, rows.map((row) =>
      [el("dt", {}, row.keyname), el("dd", {}, drawValue(row, open))])));
  }
  return parts;
}

/** A small picture with words beside it. */
function drawImageText(area, open) {
  const act = target(area, open);
  return el("div", { class: `beside ${act ? "link" : ""}`, onclick: act },
    el("img", { src: area.image_url, alt: area.title || "图片" }),
    el("div", {}, el("b", {}, area.title ?? ""), el("p", {}, area.desc ?? "")));
}

/** The value of a row: text, a page, a file or a member. */
function drawValue(row, open) {
  switch (row.type) {
    case 1:
      return tappable(row.value ?? row.url, target(row, open));
    case 2:
      return el("span", { class: "chip", title: "文件" }, `［文件］${row.value ?? ""}`);
    case 3:
      return el("span", { class: "chip", title: row.userid }, `@${row.value ?? row.userid}`);
    default:
      return row.value ?? "";
  }
}

function drawJumps(json, open) {
  const links = [...json.jump_list ?? []];
  if (json.card_action?.type) links.push({ ...json.card_action, title: "查看详情" });
  return links.length
    ? el("footer", {}, links.map((link) => tappable(link.title, target(link, open))))
    : null;
}

/** What a tap does: opens a page, or a mini program, of which the sandbox only knows the name. */
function target({ type, url, appid, pagepath }, open) {
  switch (type) {
    case 1:
      return () => open(url);
    case 2:
      return () => say(`手机上会打开小程序 ${appid}${pagepath ? `，页面 ${pagepath}` : ""}`);
    default:
      return undefined;
  }
}

/** Where an article leads; a mini program goes before a page. */
function articleLink({ url, appid, pagepath }) {
  return { type: appid && pagepath ? 2 : Number(Boolean(url)), url, appid, pagepath };
}

/** A link if a tap does something, else the mere words. */
function tappable(label, act, plain = "span") {
  if (!act) return el(plain, {}, label);
  const onclick = (event) => {
    event.preventDefault();
    event.stopPropagation();
    act();
  };
  return el("a", { href: "#", onclick }, label);
}

function drawMenu(desc, menu, press) {
  return el("details", { class: "more" },
    el("summary", { title: desc ?? "更多" }, "⋯"),
    menu.map((button) => el("button", { type: "button", onclick: () => press(button, {}) }, button.text)));
}

function drawButton(button, open, pressed) {
  const act = async (event) => {
    if (button.url) return open(button.url);
    event.target.disabled = true;
    await pressed();
    event.target.disabled = false;
  };
  return el("button", { type: "button", class: `style-${button.style}`, onclick: act },
    button.text, button.url ? " ↗" : "");
}

function drawQuestion(question, draft, isOver) {
  const isDisabled = question.isDisabled || isOver;
  const shown = question.options.filter((option) => option.isChecked).map((option) => option.id);
  const chosen = draft[question.key] ?? shown;
  if (!isCheckbox(question)) {
    return el("label", { class: "question" }, question.title ? `${question.title} ` : "",
      el("select", {
        disabled: isDisabled,
        onchange: (event) => { draft[question.key] = [event.target.value]; },
      }, question.options.map((option) =>
        el("option", { value: option.id, selected: chosen.includes(option.id) }, option.text))));
  }
  const group = `q-${Math.random()}`;
  const change = (event) => {
    const boxes = [...event.target.closest(".question").querySelectorAll("input")];
    draft[question.key] = boxes.filter((box) => box.checked).map((box) => box.value);
  };
  return el("div", { class: "question" }, question.options.map((option) =>
    el("label", { class: "choice" },
      el("input", {
        type: question.isMultiple ? "checkbox" : "radio",
        name: group, value: option.id, checked: chosen.includes(option.id),
        disabled: isDisabled, onchange: change,
      }),
      option.text)));
}

function isCheckbox(question) {
  return question.isCheckbox;
}

/** Text with `<a href>` links, everything else escaped. */
function richText(text) {
  return escapeHtml(text)
    .replace(/&lt;a href=(?:&quot;|&#39;)(https?:[^&]*(?:&amp;[^&]*)*?)(?:&quot;|&#39;)&gt;(.*?)&lt;\/a&gt;/g,
      (_, url, label) => link(url, label))
    .replace(/\n/g, "<br>");
}

/** The description of a text card: line breaks and the three documented classes. */
function cardHtml(text) {
  return escapeHtml(text)
    .replace(/&lt;br\s*\/?&gt;/g, "<br>")
    .replace(/&lt;div class=&quot;(gray|highlight|normal)&quot;&gt;/g, '<div class="$1">')
    .replace(/&lt;\/div&gt;/g, "</div>")
    .replace(/\n/g, "<br>");
}

/** WeCom's subset of markdown. */
export function markdown(text) {
  return escapeHtml(text).split("\n").map((line) => {
    const heading = /^(#{1,6})\s+(.*)$/.exec(line);
    if (heading) return `<h${Math.min(heading[1].length + 2, 6)}>${inline(heading[2])}</h${Math.min(heading[1].length + 2, 6)}>`;
    if (line.startsWith("&gt;")) return `<blockquote>${inline(line.slice(4).trim())}</blockquote>`;
    return `${inline(line)}<br>`;
  }).join("");
}

function inline(text) {
  return text
    .replace(/&lt;font color=(?:&quot;|&#39;)(info|comment|warning)(?:&quot;|&#39;)&gt;(.*?)&lt;\/font&gt;/g,
      '<span class="font-$1">$2</span>')
    .replace(/\*\*(.+?)\*\*/g, "<b>$1</b>")
    .replace(/`([^`]+)`/g, "<code>$1</code>")
    .replace(/\[([^\]]+)\]\((https?:[^)\s]+)\)/g, (_, label, url) => link(url, label));
}

function link(url, label) {
  return `<a href="${url}" data-page="${url}">${label}</a>`;
}
