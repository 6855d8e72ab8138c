// The criteria beside the text: mark and comment of each, its evidence, what is missing, what needs a person.

import { h } from "./dom.js";
import { REVIEW, marks } from "./format.js";

const SOURCE = { rule: "by rule", calibrated: "by a trained model", ai: "by the model", human: "by a tutor", "rule+ai": "by rule and model" };

/**
 * A card for each criterion, by question. `outline` is the rubric's (or null); `onChange(id)` is called after each change,
 * `onQuote(number, start)` when evidence is to be shown.
 */
export function criteriaOf(edit, outline, { onChange, onQuote, locked }) {
  const { criteria, needs_review } = edit.row.marking_criteria;
  const known = new Map((outline?.questions ?? []).flatMap((question) => question.criteria.map((one) => [one.id, one])));
  const prompts = new Map((outline?.questions ?? []).map((question) => [question.id, question.prompt]));
  const out = [];
  let question = null;
  criteria.forEach((criterion, at) => {
    if (criterion.question !== question) {
      question = criterion.question;
      out.push(h("h3.question", null, `Question ${question}`), prompts.get(question) ? h("p.prompt.small", null, prompts.get(question)) : "");
    }
    const reviews = needs_review.filter((review) => review.criterion === criterion.id);
    out.push(card(edit, criterion, at + 1, known.get(criterion.id), reviews, { onChange, onQuote, locked }));
  });
  return out;
}

function card(edit, criterion, number, outline, reviews, { onChange, onQuote, locked }) {
  const id = `c${number}`;
  const error = h("p.error.small", { id: `${id}-error`, role: "alert" });
  const input = h("input.score", {
    id: `${id}-score`,
    type: "number",
    min: 0,
    max: criterion.max_mark,
    step: "any",
    inputmode: "decimal",
    disabled: locked,
    value: edit.score(criterion.id) ?? "",
    "aria-describedby": `${id}-error ${id}-max`,
    oninput: () => change(input.value === "" ? null : Number(input.value)),
  });
  const draft = h("span.draft.small", { id: `${id}-draft` });
  const bar = h("meter", { min: 0, max: criterion.max_mark, "aria-hidden": "true" });
  const levels = levelsOf(criterion, outline);
  const change = (score) => {
    const fault = faultOf(score, criterion.max_mark, outline, input);
    error.textContent = fault;
    input.setAttribute("aria-invalid", String(Boolean(fault)));
    if (fault) return;
    edit.setScore(criterion.id, score);
    redraw();
    onChange(criterion.id);
  };
  const redraw = () => {
    const score = edit.score(criterion.id);
    bar.value = score ?? 0;
    draft.textContent = score === criterion.score ? "" : `was ${marks(criterion.score)}`;
    section.classList.toggle("changed", score !== criterion.score || edit.comment(criterion.id) !== criterion.comment);
    section.classList.toggle("open", score === null);
    for (const button of section.querySelectorAll(".levels button")) {
      button.setAttribute("aria-pressed", String(Number(button.dataset.score) === score));
    }
  };
  const comment = h("textarea", {
    id: `${id}-comment`,
    rows: 2,
    maxlength: 10000,
    disabled: locked,
    value: edit.comment(criterion.id),
    oninput: () => {
      edit.setComment(criterion.id, comment.value);
      redraw();
      onChange(criterion.id);
    },
  });
  const section = h(
    "section.criterion",
    { id, tabindex: "-1", "aria-labelledby": `${id}-title` },
    h(
      "div.criterion-head",
      null,
      h("h4", { id: `${id}-title` }, h("span.no", null, String(number)), " ", criterion.title),
      h("div.marks", null, draft, h("label.hidden", { for: input.id }, `Marks for ${criterion.title}`), input, h("span.max", { id: `${id}-max` }, `out of ${marks(criterion.max_mark)}`)),
    ),
    bar,
    error,
    reviews.filter((review) => !review.resolved).map((review) => h("p.flag-line", null, h("span.flag.warn", null, REVIEW[review.reason] ?? review.reason), guidance(review))),
    levels.length
      ? h("details.levels", { open: criterion.score === null }, h("summary", null, "Levels"), levels.map(({ score, definition }) => levelButton(score, definition, locked, () => ((input.value = score), change(score)))))
      : "",
    evidenceOf(criterion, number, onQuote),
    (criterion.missing ?? []).length ? h("div", null, h("p.small.label", null, "Looked for and not found"), h("ul.missing", null, criterion.missing.map((text) => h("li", null, text)))) : "",
    (criterion.suggestions ?? []).map((one) => h("p.suggestion.small", null, h("span.flag", null, "From the model"), " ", one.text, " ", quoteButton(one, number, onQuote))),
    h("label.small.label", { for: comment.id }, "Comment"),
    comment,
    h("p.muted.small.source", null, `Marked ${SOURCE[criterion.source] ?? criterion.source}`, criterion.source === "rule" ? `, confidence ${Math.round(criterion.confidence * 100)} %` : ""),
  );
  redraw();
  return section;
}

function faultOf(score, max, outline, input) {
  if (input.validity.badInput || Number.isNaN(score)) return "A mark is a number.";
  if (score !== null && (score < 0 || score > max)) return `From 0 to ${marks(max)}.`;
  const allowed = outline?.by_level ? outline.levels.map((level) => level.score) : null;
  if (score !== null && allowed && !allowed.includes(score)) return `One of ${allowed.map(marks).join(", ")}.`;
  return "";
}

function levelsOf(criterion, outline) {
  return outline?.levels ?? [];
}

function levelButton(score, definition, locked, onclick) {
  const button = h("button.level", { type: "button", disabled: locked, onclick, "aria-pressed": "false" }, h("span.level-score", null, marks(score)), h("span", null, definition));
  button.dataset.score = score;
  return button;
}

function guidance({ detail }) {
  const text = detail?.guidance ?? detail?.message;
  return text ? [" ", h("span.small", null, text)] : "";
}

function evidenceOf(criterion, number, onQuote) {
  const { evidence } = criterion;
  if (!evidence.length) return "";
  const list = h("ul.quotes", null, evidence.map((one) => h("li", { class: one.polarity === "against" ? "against" : null }, quoteButton(one, number, onQuote))));
  return h("details.evidence-list", { open: true }, h("summary", null, `Evidence (${evidence.length})`), list);
}

function quoteButton({ start, quote, polarity }, number, onQuote) {
  const sign = polarity === "against" ? "−" : "+";
  return h("button.quote", { type: "button", onclick: () => onQuote(number, start) }, h("span.sign", { "aria-label": polarity === "against" ? "Against:" : "For:" }, sign), " ", `“${quote.replace(/\s+/g, " ")}”`);
}
