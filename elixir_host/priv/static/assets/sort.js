// The order of the queue’s rows, by the column whose heading is pressed.

import { fill, h } from "./dom.js";
import { STATUS } from "./format.js";

const status = (row) => (row.feedback?.reviewed_at ? "Approved" : STATUS[row.status]);
/** Columns: their heading, what a row is sorted by, and whether the first press puts the greatest first. */
export const COLUMNS = {
  student: { label: "Student", of: (row) => row.student_id },
  assignment: { label: "Assignment", of: (row) => row.assignment_id },
  submitted: { label: "Submitted", of: (row) => row.submitted_at, down: true },
  status: { label: "Status", of: status },
  mark: { label: "Mark", of: (row) => row.feedback?.grade ?? null, down: true, number: true },
  notes: { label: "Notes", of: (row) => row.feedback?.needs_review?.length ?? 0, down: true },
};

/** `rows`, which are newest first, in the order `{by, down}`; what has no value comes last either way. */
export function sorted(rows, { by, down }) {
  const { of } = COLUMNS[by];
  const compare = (a, b) => (typeof a === "number" ? a - b : a < b ? -1 : a > b ? 1 : 0);
  return rows
    .map((row) => [of(row), row])
    .sort(([a], [b]) => (a === null || b === null ? (a === null) - (b === null) : down ? compare(b, a) : compare(a, b)))
    .map(([, row]) => row);
}

/** Fills `head` with a button for each column; `onSort(order)` is called with the order that is asked for. */
export function headings(head, order, onSort) {
  const held = document.activeElement?.dataset?.sort;
  const heading = ([name, { label, down = false, number }]) => {
    const here = order.by === name;
    const next = here ? { by: name, down: !order.down } : { by: name, down };
    const sign = h("span.order", { "aria-hidden": "true" }, here ? (order.down ? "▾" : "▴") : "");
    const button = h("button.sort", { type: "button", onclick: () => onSort(next) }, label, sign);
    button.dataset.sort = name;
    return h(number ? "th.number" : "th", { scope: "col", "aria-sort": here ? (order.down ? "descending" : "ascending") : null }, button);
  };
  fill(head, h("th.pick", { scope: "col" }, h("span.hidden", null, "Choose")), Object.entries(COLUMNS).map(heading));
  if (held) head.querySelector(`[data-sort="${held}"]`)?.focus();
}
