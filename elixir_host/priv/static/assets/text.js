// A student's anonymized text as it is built: headings, lists, tables, code, with what was taken out and the evidence marked.

import { h } from "./dom.js";
import { REDACTION } from "./format.js";

const PARTS = { comment: "Comments", footnote: "Footnotes", endnote: "Endnotes", header: "Header", footer: "Footer", text_box: "Text boxes", textbox: "Text boxes" };

/** Where a span of UTF-8 bytes stands in a JavaScript string: a function from one to the other, for the offsets given. */
export function places(text, offsets) {
  const sorted = [...new Set(offsets)].sort((a, b) => a - b);
  const at = new Map();
  let bytes = 0;
  let next = 0;
  let i = 0;
  while (next < sorted.length) {
    while (next < sorted.length && sorted[next] <= bytes) at.set(sorted[next++], i);
    if (i >= text.length) break;
    const code = text.codePointAt(i);
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    i += code > 0xffff ? 2 : 1;
  }
  for (; next < sorted.length; next++) at.set(sorted[next], text.length);
  return (offset) => at.get(offset) ?? 0;
}

/**
 * Elements for the text. `evidence` is a list of `{start, end, number, title, polarity, label}`; `onRef(number)` is called when the
 * number beside its evidence is pressed: a criterion’s, unless `label` says of what.
 */
export function textOf(content, evidence, onRef) {
  const { text, blocks } = content.parsed;
  const offsets = [...blocks, ...evidence].flatMap(({ start, end }) => [start, end]);
  const place = places(text, offsets);
  const marked = evidence.map((one) => ({ ...one, from: place(one.start), to: place(one.end) })).sort((a, b) => a.from - b.from);
  const redactions = redactionsIn(text, content.anonymization);
  const context = { text, marked, redactions, onRef };
  const body = [];
  const others = new Map();
  for (const block of blocks) {
    const one = { ...block, from: place(block.start), to: place(block.end) };
    if (block.part === "body" || !block.part) body.push(one);
    else if (block.kind !== "property") others.set(block.part, [...(others.get(block.part) ?? []), one]);
  }
  const elements = grouped(body, context);
  for (const [part, list] of others) {
    elements.push(h("section.part", null, h("h3.part-title", null, PARTS[part] ?? part), grouped(list, context)));
  }
  return elements;
}

// The placeholders that anonymization put in, wherever they stand.
function redactionsIn(text, anonymization) {
  const labels = new Map((anonymization?.replacements ?? []).map(({ placeholder, label }) => [placeholder, label]));
  if (!labels.size) return [];
  const escaped = [...labels.keys()].filter(Boolean).sort((a, b) => b.length - a.length).map((p) => p.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const found = text.matchAll(new RegExp(escaped.join("|"), "g"));
  return [...found].map((match) => ({ from: match.index, to: match.index + match[0].length, label: labels.get(match[0]) }));
}

function grouped(blocks, context) {
  const out = [];
  let list = null;
  for (const block of blocks) {
    if (block.kind === "list_item") {
      list ??= out[out.push(h("ul")) - 1];
      const item = h("li", { dir: "auto" }, inline(block.from, block.to, context));
      if (block.level > 1) item.className = `level-${Math.min(block.level, 6)}`;
      list.append(item);
    } else {
      list = null;
      out.push(blockOf(block, context));
    }
  }
  return out;
}

function blockOf(block, context) {
  const { kind, role, from, to } = block;
  const classes = role === "cover" ? "cover" : null;
  if (kind === "heading") {
    // The page's own headings are above: the text's begin at the third.
    return h(`h${Math.min((block.level || 1) + 2, 6)}`, { dir: "auto", class: classes }, inline(from, to, context));
  }
  if (kind === "table") return tableOf(block, context);
  if (kind === "code") return h("pre.code", { tabindex: "0" }, h("code", null, inline(from, to, context)));
  if (kind === "quote") return h("blockquote", { dir: "auto" }, h("p", null, inline(from, to, context)));
  return h("p", { dir: "auto", class: [classes, kind === "paragraph" ? null : `kind-${kind}`].filter(Boolean).join(" ") || null }, inline(from, to, context));
}

function tableOf({ from, to, role }, context) {
  const rows = [];
  let at = from;
  for (const line of context.text.slice(from, to).split("\n")) {
    const cells = [];
    let cell = at;
    for (const words of line.split("\t")) {
      cells.push(h("td", { dir: "auto" }, inline(cell, cell + words.length, context)));
      cell += words.length + 1;
    }
    rows.push(h("tr", null, cells));
    at += line.length + 1;
  }
  return h("div.table", { tabindex: "0", role: "group", "aria-label": "Table" }, h(`table${role === "cover" ? ".cover" : ""}`, null, h("tbody", null, rows)));
}

// The first of a sorted list that ends past `from`: the lists are long, the blocks are many.
function within(list, from, to) {
  return list.filter((one) => one.from < to && one.to > from);
}

function inline(from, to, context) {
  const marked = within(context.marked, from, to);
  const redactions = within(context.redactions, from, to);
  const cuts = new Set([from, to]);
  for (const { from: a, to: b } of [...marked, ...redactions]) {
    cuts.add(Math.max(a, from));
    cuts.add(Math.min(b, to));
  }
  const points = [...cuts].sort((a, b) => a - b);
  const out = [];
  for (let i = 0; i + 1 < points.length; i++) {
    const [a, b] = [points[i], points[i + 1]];
    const covering = marked.filter((one) => one.from <= a && one.to >= b);
    const redaction = redactions.find((one) => one.from <= a && one.to >= b);
    let piece = context.text.slice(a, b);
    if (redaction) {
      const what = REDACTION[redaction.label] ?? "something that identifies";
      piece = h("span.redaction", { class: `r-${String(redaction.label).toLowerCase()}`, title: `Taken out: ${what}` }, piece);
    }
    if (covering.length) {
      const against = covering.every((one) => one.polarity === "against");
      const element = h(`mark.evidence${against ? ".against" : ""}`, null, piece);
      element.dataset.n = ` ${covering.map((one) => one.number).join(" ")} `;
      element.dataset.starts = covering.filter((one) => one.from === a || a === from).map((one) => `${one.number}:${one.start}`).join(" ");
      piece = element;
    }
    out.push(piece);
    const ending = marked.filter((one) => one.to === b && one.from < b && b <= to);
    for (const one of uniqueBy(ending, "number")) {
      out.push(h("button.ref", { type: "button", onclick: () => context.onRef(one.number), "aria-label": one.label ?? `Criterion ${one.number}: ${one.title}`, title: one.title }, String(one.number)));
    }
  }
  return out;
}

function uniqueBy(list, key) {
  return [...new Map(list.map((one) => [one[key], one])).values()];
}
