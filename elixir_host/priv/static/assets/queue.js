// The cohort: every TMA with its status, mark and flags, filtered, live, and gone through with the keyboard.

import { approveAll, approveOne } from "./approve.js";
import { debounce, fill, h, say } from "./dom.js";
import { REVIEW, STATUS, exactly, marks, plural, student, time } from "./format.js";
import { bindings } from "./keys.js";
import * as rows from "./rows.js";
import { headings, sorted } from "./sort.js";

const CHUNK = 100;
const FILTERS = {
  all: ["All", () => true],
  review: ["To approve", (row) => row.status === "completed" && !row.feedback?.reviewed_at],
  approved: ["Approved", (row) => Boolean(row.feedback?.reviewed_at)],
  working: ["Under way", (row) => row.status === "pending" || row.status === "processing"],
  failed: ["Failed", (row) => row.status === "failed"],
};

// Kept while the page is open, so that whoever comes back from a TMA finds the list as it was.
const chosen = { filter: "all", assignment: "", flag: "", search: "", at: null, order: { by: "submitted", down: true }, picked: new Set() };
const SUPERSEDED = "superseded";

export function show(main) {
  const body = h("tbody");
  const count = h("p.muted", { role: "status" });
  const plot = h("section.plot", { "aria-label": "Marks of the cohort" });
  const trouble = h("div", { role: "alert" });
  const head = h("tr");
  const bulk = h("div.bulk");
  const table = h("table.queue", null, h("caption.hidden", null, "TMAs"), h("thead", null, head), body);
  const search = h("input", { type: "search", id: "search", placeholder: "Student or assignment", value: chosen.search, oninput: () => ((chosen.search = search.value), later()) });
  const assignment = h("select", { id: "assignment", onchange: () => ((chosen.assignment = assignment.value), draw()) });
  const flag = h("select", { id: "flag", onchange: () => ((chosen.flag = flag.value), draw()) });
  const tabs = h("div.tabs", { role: "group", "aria-label": "Which TMAs" });
  fill(
    main,
    h("div.head", null, h("h1", null, "Queue"), count),
    plot,
    h(
      "div.filters",
      null,
      tabs,
      h("div.row", null, h("label.hidden", { for: "assignment" }, "Assignment"), assignment, h("label.hidden", { for: "flag" }, "Note"), flag, h("label.hidden", { for: "search" }, "Search"), search),
    ),
    trouble,
    bulk,
    h("div.scroll.queue-place", { tabindex: "0", role: "region", "aria-label": "TMAs" }, table),
    h("div.more"),
  );

  let listed = [];
  let drawn = 0;
  const draw = () => {
    const all = rows.all();
    drawFilters(all);
    const wanted = chosen.search.trim().toLowerCase();
    listed = all.filter(
      (row) =>
        FILTERS[chosen.filter][1](row) &&
        (!chosen.assignment || row.assignment_id === chosen.assignment) &&
        (!chosen.flag || flagsOf(row).includes(chosen.flag)) &&
        (!wanted || `${row.student_id} ${row.assignment_id} ${row.course_id}`.toLowerCase().includes(wanted)),
    );
    listed = sorted(listed, chosen.order);
    headings(head, chosen.order, (order) => ((chosen.order = order), draw()));
    drawBulk();
    rows.setOrder(listed.map((row) => row.id));
    const held = document.activeElement;
    const focused = held?.closest?.("tr[data-id]")?.dataset.id;
    const until = Math.max(drawn, CHUNK);
    fill(body, listed.slice(0, until).map(rowOf));
    drawn = Math.min(until, listed.length);
    if (focused) body.querySelector(`tr[data-id="${focused}"] ${held.matches("input") ? "input" : "a"}`)?.focus({ preventScroll: true });
    count.textContent = rows.isComplete() ? (listed.length === all.length ? plural(all.length, "TMA") : `${listed.length} of ${plural(all.length, "TMA")}`) : `${plural(all.length, "TMA")} so far …`;
    if (!listed.length && rows.isComplete()) fill(body, h("tr", null, h("td.empty", { colspan: 7 }, nothing(all.length))));
    drawPlot(plot, listed);
  };
  const later = debounce(draw, 120);
  const picked = () => listed.filter((row) => chosen.picked.has(row.id));
  const drop = (ids) => {
    for (const id of ids) chosen.picked.delete(id);
    draw();
  };
  const drawBulk = () => {
    const n = picked().length;
    bulk.hidden = !n;
    if (!n) return fill(bulk);
    const all = () => {
      for (const row of listed) chosen.picked.add(row.id);
      draw();
    };
    fill(
      bulk,
      h("span", { role: "status" }, `${n} chosen`),
      h("button.primary", { type: "button", onclick: () => approveAll(picked(), drop) }, "Approve them"),
      n < listed.length ? h("button", { type: "button", onclick: all }, `Choose all ${listed.length}`) : "",
      h("button.quiet", { type: "button", onclick: () => drop([...chosen.picked]) }, "Choose none"),
    );
  };
  body.addEventListener("change", (event) => {
    const { id } = event.target.closest("tr").dataset;
    if (event.target.checked) chosen.picked.add(id);
    else chosen.picked.delete(id);
    drawBulk();
  });
  const more = new IntersectionObserver(([entry]) => {
    if (!entry.isIntersecting || drawn >= listed.length) return;
    body.append(...listed.slice(drawn, drawn + CHUNK).map(rowOf));
    drawn = Math.min(drawn + CHUNK, listed.length);
  }, { rootMargin: "600px" });
  more.observe(main.querySelector(".more"));

  function drawFilters(all) {
    const button = ([name, [label, test]]) =>
      h("button", { type: "button", "aria-pressed": String(chosen.filter === name), onclick: () => ((chosen.filter = name), (drawn = 0), draw()) }, label, " ", h("span.count", null, String(all.filter(test).length)));
    const held = [...tabs.children].indexOf(document.activeElement);
    fill(tabs, Object.entries(FILTERS).map(button));
    if (held >= 0) tabs.children[held].focus();
    const named = (name) => [name, name];
    chosen.assignment = choices(assignment, "All assignments", chosen.assignment, all.map((row) => row.assignment_id).map(named));
    chosen.flag = choices(flag, "All notes", chosen.flag, all.flatMap(flagsOf).map((name) => [name, labelOf(name)]));
  }

  const fetchAll = async () => {
    fill(trouble);
    try {
      await rows.load();
    } catch (fault) {
      if (fault.status !== 401) fill(trouble, h("p.error", null, fault.message, " ", h("button", { type: "button", onclick: fetchAll }, "Try again")));
    }
  };
  const off = rows.onRows(later.bind(null));
  bind(main, body, () => listed, () => approveAll(picked(), drop));
  if (rows.all().length) draw();
  else count.textContent = "Loading …";
  fetchAll();
  // The first page is drawn as soon as it is there, not when the burst of pages is over.
  const first = rows.onRows(() => {
    first();
    draw();
    if (chosen.at) body.querySelector(`tr[data-id="${chosen.at}"] a`)?.focus();
  });
  return () => {
    off();
    first();
    later.cancel();
    more.disconnect();
  };
}

function nothing(all) {
  if (all) return "Nothing here. Choose another filter.";
  return ["No TMA has been handed in yet. ", h("a", { href: "#/submit" }, "Submit one"), "."];
}

/** Fills `select` with `pairs` of value and label, each once; the value that is chosen then. */
function choices(select, whole, value, pairs) {
  const known = [...new Map(pairs)].sort(([, a], [, b]) => a.localeCompare(b));
  const key = known.map(([name]) => name).join("\n");
  if (key !== select.dataset.key) {
    select.dataset.key = key;
    fill(select, h("option", { value: "" }, whole), known.map(([name, label]) => h("option", { value: name }, label)));
  }
  select.value = known.some(([name]) => name === value) ? value : "";
  return select.value;
}

/** What a row’s notes say, as names: what is left to look at, whether another has text in common with it, whether a newer version came in. */
const flagsOf = (row) => [...new Set([...(row.feedback?.needs_review ?? []), ...(row.near_duplicates ? ["near_duplicate"] : []), ...(row.origin?.superseded_by ? [SUPERSEDED] : [])])];
const labelOf = (flag) => (flag === SUPERSEDED ? "A newer version came in" : REVIEW[flag] ?? flag);

function rowOf(row) {
  const { feedback } = row;
  const link = h("a", { href: `#/tma/${row.id}`, title: row.student_id, onfocus: () => (chosen.at = row.id) }, student(row.student_id));
  const tr = h(
    "tr",
    { class: feedback?.reviewed_at ? "done" : null },
    h("td.pick", null, h("input", { type: "checkbox", checked: chosen.picked.has(row.id), "aria-label": `Choose ${student(row.student_id)}, ${row.assignment_id}` })),
    h("th", { scope: "row" }, link),
    h("td", null, row.assignment_id),
    h("td", null, h("time", { datetime: row.submitted_at, title: exactly(row.submitted_at) }, time(row.submitted_at))),
    h("td", null, statusOf(row)),
    h("td.number", null, markOf(row)),
    h("td.notes", null, notes(row)),
  );
  tr.dataset.id = row.id;
  return tr;
}

function statusOf(row) {
  if (row.feedback?.reviewed_at) return h("span.status.approved", { title: exactly(row.feedback.reviewed_at) }, "Approved");
  return h(`span.status.${row.status}`, null, STATUS[row.status]);
}

function markOf({ status, feedback }) {
  if (status !== "completed" || !feedback) return "";
  return [h("span.mark", null, marks(feedback.grade)), " ", h("span.band", null, feedback.band ?? "open")];
}

function notes(row) {
  const list = flagsOf(row).map((flag) => h("span.flag", { class: flag === SUPERSEDED ? "warn" : null }, labelOf(flag)));
  if (row.status === "failed") list.push(h("span.flag.bad", null, row.error_message ?? "No reason was given"));
  if (row.feedback?.reviewed_by) list.push(h("span.muted", null, row.feedback.reviewed_by));
  return list;
}

let drawing = "";
async function drawPlot(place, listed) {
  const graded = listed.filter((row) => row.feedback?.grade !== null && row.feedback?.grade !== undefined);
  const grades = graded.map((row) => row.feedback.grade);
  const key = grades.join();
  if (place.dataset.key === key) return;
  place.dataset.key = drawing = key;
  place.hidden = grades.length < 3;
  if (place.hidden) return fill(place);
  const { plot } = await import("./plot.js");
  if (drawing === key) await plot(place, graded.map((row) => row.feedback));
}

function bind(main, body, listed, approvePicked) {
  const go = (step) => {
    const links = [...body.querySelectorAll("tr[data-id] a")];
    const at = links.indexOf(document.activeElement?.closest?.("tr")?.querySelector("a"));
    const kept = links.findIndex((link) => link.closest("tr").dataset.id === chosen.at);
    const from = at >= 0 ? at : kept >= 0 ? kept : -1;
    const link = links[Math.max(0, Math.min(links.length - 1, from < 0 ? 0 : from + step))];
    link?.focus();
    link?.scrollIntoView({ block: "nearest" });
  };
  const current = () => listed().find((row) => row.id === document.activeElement?.closest?.("tr")?.dataset.id);
  bindings.add("j", "Next TMA", () => go(1));
  bindings.add("k", "Previous TMA", () => go(-1));
  bindings.add("Enter", "Open it", (event) => document.activeElement?.closest?.("tr, a, button") ? document.activeElement.click() : event);
  bindings.add("/", "Search", () => main.querySelector("#search").focus());
  bindings.add("a", "Approve it as it is", () => approveOne(current()));
  bindings.add("x", "Choose it, or not", () => {
    const box = document.activeElement?.closest?.("tr[data-id]")?.querySelector("input");
    if (box) box.click();
    else say("Go to a TMA first, with j and k.");
  });
  bindings.add("A", "Approve all that are chosen", () => (chosen.picked.size ? approvePicked() : say("None is chosen: choose with x.")));
}
