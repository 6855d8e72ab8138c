// What the student gets: a sheet to print (or save as PDF), and the same as a file of HTML or Word.

import { file } from "./api.js";
import { h } from "./dom.js";
import { date, marks } from "./format.js";
import { markdown } from "./letter.js";

const STYLE = `body{font:12pt/1.5 Georgia,"DejaVu Serif",serif;max-width:44rem;margin:2rem auto;padding:0 1rem;color:#1b1a18}
h1{font-size:1.5em;margin:0}table{border-collapse:collapse;width:100%;margin:1.5em 0}th,td{text-align:left;padding:.35em .5em .35em 0;border-bottom:1px solid #ccc;vertical-align:top;font-weight:normal}
td:last-child{text-align:right;white-space:nowrap}.total{font-size:1.25em}pre{white-space:pre-wrap}`;

/** The sheet of a TMA with its feedback as it is now. */
export function sheetOf(tma, feedback) {
  const { criteria, totals } = feedback.marking_criteria;
  const reviewed = feedback.reviewed_at ? `${feedback.reviewed_by}, ${date(feedback.reviewed_at)}` : "Draft: not approved yet";
  const row = (criterion) =>
    h("tr", null, h("th", { scope: "row" }, criterion.question ? `${criterion.question} · ` : "", criterion.title), h("td", null, `${marks(criterion.score)} / ${marks(criterion.max_mark)}`));
  const penalty = (one) => (one.marks ? h("tr", null, h("th", { scope: "row" }, one.label), h("td", null, marks(-one.marks))) : "");
  return h(
    "article.sheet",
    null,
    h("h1", null, `Feedback on ${tma.assignment_id}`),
    h("p", null, `${tma.course_id} · ${tma.student_id} · handed in ${date(tma.submitted_at)}`),
    h("p.total", null, h("strong", null, totals.mark === null ? "Not fully marked" : `${marks(totals.mark)} out of ${marks(totals.max_mark)}`), totals.band ? ` – ${totals.band}` : ""),
    h("table", null, h("tbody", null, criteria.map(row), totals.penalties.map(penalty))),
    h("div.letter-text", null, markdown(feedback.feedback_text)),
    h("p", null, reviewed),
  );
}

/** Downloads the sheet as one file that needs nothing else. */
export function download(tma, feedback) {
  const title = `Feedback on ${tma.assignment_id}`;
  const page = h("html", { lang: "en-GB" }, h("head", null, h("meta", { charset: "utf-8" }), h("title", null, title), h("style", null, STYLE)), h("body", null, sheetOf(tma, feedback)));
  save(new Blob([`<!doctype html>\n${page.outerHTML}\n`], { type: "text/html" }), `${nameOf(tma)}.html`);
}

/** Downloads the feedback as it is saved as a Word file, which the core writes. */
export async function downloadWord(tma) {
  save(await file(`/api/feedback/${tma.id}/document?format=docx`), `${nameOf(tma)}.docx`);
}

const nameOf = (tma) => `${tma.assignment_id}-${tma.student_id}`.replace(/[^A-Za-z0-9._-]+/g, "-");

function save(blob, name) {
  const address = URL.createObjectURL(blob);
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
