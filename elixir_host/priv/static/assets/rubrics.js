// Rubrics: those this browser keeps, checked by the core before they are kept, and looked at.

import { call } from "./api.js";
import { fill, h, say } from "./dom.js";
import { marks, plural } from "./format.js";
import * as shelf from "./shelf.js";

export function show(main) {
  const list = h("ul.shelf");
  const view = h("section.outline", { "aria-live": "polite", tabindex: "-1" });
  const input = h("input", { type: "file", id: "rubric-file", accept: ".json,.yaml,.yml,application/json,text/yaml", onchange: async () => take(await input.files[0].text()) });
  const text = h("textarea.code", { id: "rubric-text", rows: 8, spellcheck: "false" });
  const faults = h("div", { role: "alert" });
  const check = h("button.primary", { type: "button", onclick: () => take(text.value) }, "Check and keep");
  fill(
    main,
    h("div.head", null, h("h1", null, "Rubrics"), h("p.muted", null, "Kept in this browser; each TMA takes its own along.")),
    h(
      "div.two",
      null,
      h("div", null, list, h("h2", null, "Add one"), h("p", null, h("label", { for: "rubric-file" }, "From a file "), input), h("label", { for: "rubric-text" }, "or write it, as JSON or YAML"), text, faults, h("p", null, check)),
      view,
    ),
  );

  async function take(source) {
    text.value = source;
    fill(faults);
    text.removeAttribute("aria-invalid");
    input.value = "";
    if (!source.trim()) return refuse([["rubric", "There is nothing in it."]]);
    try {
      const outline = await call("POST", "/api/rubrics/check", { json: { rubric: source } });
      const criteria = outline.questions.reduce((sum, question) => sum + question.criteria.length, 0);
      shelf.keep({ name: outline.rubric_id, text: source, max_mark: outline.max_mark, criteria });
      text.value = "";
      say(`“${outline.rubric_id}” is kept.`);
      draw();
      display(outline);
    } catch (fault) {
      if (fault.status === 401) return;
      const fields = Object.entries(fault.fields);
      refuse(fields.length ? fields : [["", fault.message]]);
    }
  }

  function refuse(list) {
    text.setAttribute("aria-invalid", "true");
    fill(faults, h("ul.error", null, list.map(([path, message]) => h("li", null, path && path !== "rubric" && !message.includes(path) ? h("code", null, path, ": ") : "", message))));
    const place = placeOf(text.value, list[0]);
    if (place) {
      text.focus();
      text.setSelectionRange(...place);
      text.scrollTop = (text.value.slice(0, place[0]).split("\n").length - 3) * parseFloat(getComputedStyle(text).lineHeight);
    }
  }

  async function open(rubric) {
    try {
      display(await call("POST", "/api/rubrics/check", { json: { rubric: rubric.text } }));
      view.focus();
    } catch (fault) {
      fill(view, h("p.error", null, fault.message));
    }
  }

  function draw() {
    const entry = (rubric) =>
      h(
        "li",
        null,
        h("button.link", { type: "button", onclick: () => open(rubric) }, rubric.name),
        h("span.muted.small", null, `${plural(rubric.criteria, "criterion", "criteria")}, ${marks(rubric.max_mark)} marks`),
        h("button.quiet.small", { type: "button", "aria-label": `Take away ${rubric.name}`, onclick: () => (shelf.remove(rubric.name), draw()) }, "Take away"),
      );
    const kept = shelf.all();
    fill(list, kept.length ? kept.map(entry) : h("li.muted", null, "None yet."));
  }

  function display(outline) {
    fill(view, outlineOf(outline));
  }
  draw();
}

/** Where in the text a fault lies: the line that the message names, or the last field of its path that can be found. */
function placeOf(text, [path, message]) {
  const line = /line (\d+)/.exec(message);
  const starts = [0, ...[...text.matchAll(/\n/g)].map((match) => match.index + 1)];
  if (line) {
    const start = starts[Math.min(Number(line[1]), starts.length) - 1];
    return [start, text.indexOf("\n", start) < 0 ? text.length : text.indexOf("\n", start)];
  }
  let from = 0;
  let found = null;
  for (const [, key, index] of path.replace(/^rubric\.?/, "").matchAll(/([A-Za-z_]+)(?:\[(\d+)\])?/g)) {
    const at = new RegExp(`["']?${key}["']?\\s*:`, "g");
    at.lastIndex = from;
    const match = at.exec(text);
    if (!match) break;
    found = [match.index, match.index + match[0].length];
    from = found[1];
    // To the entry of a list: past as many entries' beginnings as come before it.
    for (let n = 0; n <= Number(index ?? -1); n++) from = Math.max(text.slice(from).search(/\{|^\s*-\s/m) + from + 1, from);
  }
  return found;
}

function outlineOf(outline) {
  const criterion = (one) =>
    h(
      "li",
      null,
      h("p", null, h("strong", null, one.title), " ", h("span.muted", null, marks(one.max_mark)), one.human ? h("span.flag", null, "For you to mark") : ""),
      one.description ? h("p.small", null, one.description) : "",
      one.levels.length ? h("ul.small.plain", null, one.levels.map(({ score, definition }) => h("li", null, `${marks(score)} – ${definition}`))) : "",
      one.points.length ? h("ul.small", null, one.points.map(([, label]) => h("li", null, label))) : "",
    );
  const question = (one) => h("section", null, h("h3", null, `Question ${one.id} `, h("span.muted", null, marks(one.max_mark))), one.prompt ? h("p.prompt", null, one.prompt) : "", h("ol.plain", null, one.criteria.map(criterion)));
  return [
    h("h2", null, outline.rubric_id),
    h("p.muted", null, `${marks(outline.max_mark)} marks`, outline.limit_words ? `, ${outline.limit_words} words` : "", " · ", outline.bands.map(({ name, min }) => `${name} from ${marks(min)}`).join(", ")),
    outline.questions.map(question),
    outline.common_errors.length ? [h("h3", null, "Common errors"), h("ul", null, outline.common_errors.map(({ text, marks: n }) => h("li", null, `${text} (−${marks(n)})`)))] : "",
    outline.bonus_points.length ? [h("h3", null, "Bonus points"), h("ul", null, outline.bonus_points.map(({ text, marks: n }) => h("li", null, `${text} (+${marks(n)})`)))] : "",
  ];
}
