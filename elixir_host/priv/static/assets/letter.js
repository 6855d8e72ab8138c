// The feedback's text: written, previewed, and compared with the draft.

import { lexer } from "./vendor/marked/marked.js";
import { diffWordsWithSpace } from "./vendor/diff/diff/word.js";
import { fill, h } from "./dom.js";

/** Elements for Markdown. HTML in it is shown as text, pictures are left out, only web links lead anywhere. */
export function markdown(text) {
  return blocks(lexer(text, { gfm: true, breaks: true }));
}

function blocks(tokens) {
  return tokens.map((token) => {
    switch (token.type) {
      case "space":
        return "";
      case "heading":
        return h(`h${Math.min(token.depth + 2, 6)}`, null, inlines(token.tokens));
      case "paragraph":
        return h("p", { dir: "auto" }, inlines(token.tokens));
      case "list":
        return h(token.ordered ? "ol" : "ul", null, token.items.map((item) => h("li", null, blocks(item.tokens))));
      case "blockquote":
        return h("blockquote", null, blocks(token.tokens));
      case "code":
        return h("pre.code", { tabindex: "0" }, h("code", null, token.text));
      case "hr":
        return h("hr");
      case "text":
        return token.tokens ? h("span", null, inlines(token.tokens)) : token.text;
      default:
        return h("p", { dir: "auto" }, token.raw);
    }
  });
}

// marked escapes nothing in tokens, but writes entities where the text has them.
function inlines(tokens = []) {
  return tokens.map((token) => {
    switch (token.type) {
      case "strong":
        return h("strong", null, inlines(token.tokens));
      case "em":
        return h("em", null, inlines(token.tokens));
      case "del":
        return h("s", null, inlines(token.tokens));
      case "codespan":
        return h("code", null, token.text);
      case "br":
        return h("br");
      case "link":
        return /^https?:\/\//i.test(token.href) ? h("a", { href: token.href, rel: "noreferrer noopener", target: "_blank" }, inlines(token.tokens)) : token.raw;
      case "escape":
        return token.text;
      case "text":
        return token.tokens ? inlines(token.tokens) : token.raw;
      default:
        return token.raw;
    }
  });
}

/** What was changed from one text to another, as elements. */
export function difference(before, after) {
  return diffWordsWithSpace(before, after).map(({ value, added, removed }) => (added ? h("ins", null, value) : removed ? h("del", null, value) : value));
}

/** The editor; `draft()` gives the engine's own text. `redraw()` of what it returns shows the text as it is now. */
export function letterOf(edit, draft, onChange) {
  const area = h("textarea.letter", {
    id: "letter",
    rows: 16,
    spellcheck: "true",
    oninput: () => {
      edit.setText(area.value);
      shown();
      onChange();
    },
  });
  const view = h("div.preview");
  const count = h("p.muted.small");
  const modes = { write: "Write", preview: "Preview", changes: "Changes from the draft" };
  let mode = "write";
  const tabs = h("div.tabs", { role: "group", "aria-label": "How the feedback is shown" });
  const choose = (name) => {
    mode = name;
    shown();
    tabs.querySelector("[aria-pressed=true]")?.focus();
  };
  const shown = () => {
    const text = edit.text ?? edit.now.feedback_text;
    fill(tabs, Object.entries(modes).map(([name, label]) => h("button", { type: "button", "aria-pressed": String(mode === name), onclick: () => choose(name) }, label)));
    area.hidden = mode !== "write";
    view.hidden = mode === "write";
    if (area.value !== text) area.value = text;
    if (mode === "preview") fill(view, markdown(text));
    if (mode === "changes") fill(view, text === draft() ? h("p.muted", null, "The text is as it was drafted.") : h("div.diff", null, difference(draft(), text)));
    count.textContent = `${text.split(/\s+/).filter(Boolean).length} words`;
  };
  const element = h("section", { "aria-label": "Feedback" }, tabs, h("label.hidden", { for: "letter" }, "Feedback for the student, in Markdown"), area, view, count);
  shown();
  return { element, redraw: shown };
}
