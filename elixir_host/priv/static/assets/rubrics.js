// Rubrics: those that the host keeps for all tutors, checked by the core before they are kept, and looked at.

import { call, session } from "./api.js";
import { ask, fill, h, say } from "./dom.js";
import { exactly, marks, plural } from "./format.js";
import { outlineOf } from "./outline.js";
import { faultsIn, placeOf } from "./place.js";
import * as shelf from "./shelf.js";

export function show(main) {
  const list = h("ul.shelf");
  const own = h("div");
  const trouble = h("div", { role: "alert" });
  const view = h("section.outline", { "aria-live": "polite", tabindex: "-1" });
  const input = h("input", { type: "file", id: "rubric-file", accept: ".json,.yaml,.yml,application/json,text/yaml", onchange: async () => take(await input.files[0].text()) });
  const text = h("textarea.code", { id: "rubric-text", rows: 8, spellcheck: "false" });
  const faults = h("div", { role: "alert" });
  const check = h("button.primary", { type: "button", onclick: () => take(text.value) }, "Check and keep");
  const adding = [h("h2", null, "Add one"), h("p", null, h("label", { for: "rubric-file" }, "From a file "), input), h("label", { for: "rubric-text" }, "or write it, as JSON or YAML"), faults, text, h("p", null, check)];
  let kept = [];
  fill(
    main,
    h("div.head", null, h("h1", null, "Rubrics"), h("p.muted", null, "Kept for all tutors of this host; each TMA takes its own copy along.")),
    h("div.two", null, h("div", null, trouble, list, own, session.role === "service" ? "" : adding), view),
  );

  async function take(source) {
    text.value = source;
    fill(faults);
    text.removeAttribute("aria-invalid");
    input.value = "";
    if (!source.trim()) return refuse([["rubric", "There is nothing in it."]]);
    try {
      const outline = await call("POST", "/api/rubrics/check", { json: { rubric: source } });
      if (!(await keep(outline.rubric_id, source))) return;
      text.value = "";
      display(outline);
    } catch (fault) {
      if (fault.status === 401) return;
      const fields = Object.entries(fault.fields);
      refuse(fields.length ? fields : [["", fault.message]]);
    }
  }

  /** Keeps a rubric, and asks before it takes another’s place; whether it is kept. */
  async function keep(name, source) {
    await draw();
    const before = kept.find((rubric) => rubric.name === name);
    if (before && !(await replaces(name, before, source))) return false;
    await shelf.keep(name, source, before);
    say(`“${name}” is kept.`);
    await draw();
    return true;
  }

  async function replaces(name, before, source) {
    if ((await shelf.find(name)).text === source) return true;
    const body = h("p", null, `A rubric of this name was kept ${exactly(before.updated_at)}. What was handed in with it keeps its own copy.`);
    return (await ask(`Replace “${name}”?`, body, [["", "Cancel"], ["yes", "Replace it", "primary"]])) === "yes";
  }

  function refuse(found) {
    text.setAttribute("aria-invalid", "true");
    fill(faults, faultsIn(text.value, found));
    const place = placeOf(text.value, found[0]);
    if (!place) return;
    text.focus();
    text.setSelectionRange(...place);
    text.scrollTop = (text.value.slice(0, place[0]).split("\n").length - 3) * parseFloat(getComputedStyle(text).lineHeight);
  }

  async function open({ name }) {
    try {
      const rubric = await shelf.find(name);
      display(await call("POST", "/api/rubrics/check", { json: { rubric: rubric.text } }));
      view.append(h("details", null, h("summary", null, "As it is written"), h("pre.code", { tabindex: "0" }, h("code", null, rubric.text))));
      view.focus();
    } catch (fault) {
      fill(view, h("p.error", null, fault.message));
    }
  }

  async function remove({ name }) {
    const answer = await ask(`Take “${name}” away?`, h("p", null, "No tutor will find it here any more. What was handed in with it keeps its own copy."), [["", "Cancel"], ["yes", "Take it away"]]);
    if (answer !== "yes") return;
    try {
      await shelf.remove(name);
      say(`“${name}” is taken away.`);
    } catch (fault) {
      say(fault.message);
    }
    await draw();
  }

  async function draw() {
    fill(trouble);
    try {
      kept = await shelf.all();
    } catch (fault) {
      if (fault.status !== 401) fill(trouble, h("p.error", null, fault.message, " ", h("button", { type: "button", onclick: draw }, "Try again")));
      return;
    }
    const entry = (rubric) =>
      h(
        "li",
        null,
        h("button.link", { type: "button", onclick: () => open(rubric) }, rubric.name),
        h("span.muted.small", null, `${plural(rubric.criteria, "criterion", "criteria")}, ${marks(rubric.max_mark)} marks`),
        session.role === "service" ? "" : h("button.quiet.small", { type: "button", "aria-label": `Take away ${rubric.name}`, onclick: () => remove(rubric) }, "Take away"),
      );
    fill(list, kept.length ? kept.map(entry) : h("li.muted", null, "None yet."));
    drawOwn();
  }

  // Before the host kept rubrics, each browser did.
  function drawOwn() {
    const left = shelf.own();
    if (!left.length || session.role === "service") return fill(own);
    const share = async () => {
      for (const { name, text: source } of left) {
        try {
          if (await keep(name, source)) shelf.disown(name);
        } catch (fault) {
          say(fault.message);
        }
      }
      drawOwn();
    };
    fill(own, h("p.small", null, `This browser alone has ${left.map(({ name }) => `“${name}”`).join(", ")}. `, h("button", { type: "button", onclick: share }, "Keep for all tutors")));
  }

  const display = (outline) => fill(view, outlineOf(outline));
  draw();
}
