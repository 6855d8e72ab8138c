// Approving from the queue: one TMA as it is, or all that are chosen, but for what somebody has to look at first.

import { call, session } from "./api.js";
import { ask, h, say } from "./dom.js";
import { marks, plural, student } from "./format.js";
import * as rows from "./rows.js";

const review = (row) => {
  const by = session.name ? { reviewed_by: session.name } : { reviewed: true };
  return call("PATCH", `/api/feedback/${row.id}`, { json: { ...by, expected_updated_at: row.feedback.updated_at } });
};

/** Why a row cannot be approved with others unseen, in a few words; empty where it can. */
export function obstacle(row) {
  if (row.status !== "completed" || !row.feedback) return "not marked yet";
  if (row.feedback.reviewed_at) return "approved already";
  if (row.feedback.grade === null) return "with a criterion still open";
  if (row.origin?.superseded_by) return "replaced by a newer version";
  const seen = rows.opened.get(row.id);
  if ((row.feedback.needs_review.length && seen === undefined) || row.near_duplicates > (seen ?? 0)) return "to be looked at first";
  return "";
}

/** Asks, and approves one TMA as it is. */
export async function approveOne(row) {
  if (!row) return say("Choose a TMA first, with j and k.");
  if (row.status !== "completed" || !row.feedback) return say("There is no feedback to approve yet.");
  if (row.feedback.reviewed_at) return say("This is approved already.");
  if (row.feedback.grade === null) return say("A criterion is still open: open the TMA and mark it first.");
  const text = `Mark ${marks(row.feedback.grade)}${row.feedback.band ? `, ${row.feedback.band}` : ""}. It has not been changed from the draft as the list shows it.`;
  const answer = await ask(`Approve ${student(row.student_id)}, ${row.assignment_id}?`, h("p", null, text), [["", "Cancel"], ["yes", "Approve", "primary"]]);
  if (answer !== "yes") return;
  try {
    rows.note(await review(row));
    say("Approved.");
  } catch (fault) {
    say(fault.message);
    rows.load().catch(() => {});
  }
}

/** Asks, and approves those of `chosen` that can be; calls `done(ids)` with those that were. */
export async function approveAll(chosen, done) {
  const ready = chosen.filter((row) => !obstacle(row));
  const left = new Map();
  for (const row of chosen) if (obstacle(row)) left.set(obstacle(row), (left.get(obstacle(row)) ?? 0) + 1);
  const out = left.size ? h("ul", null, [...left].map(([why, n]) => h("li", null, `${n} ${why}`))) : "";
  const body = [out && h("p", null, "Left out:"), out, left.has("to be looked at first") ? h("p.small.muted", null, "Open what has a note, and it can be approved.") : ""];
  if (!ready.length) return ask("None of these can be approved together", body, [["", "Close"]]);
  const answer = await ask(`Approve ${plural(ready.length, "TMA")}?`, [h("p", null, "Each as the list shows it."), body], [["", "Cancel"], ["yes", `Approve ${ready.length}`, "primary"]]);
  if (answer !== "yes") return;
  const approved = [];
  const failed = [];
  for (const row of ready) {
    // A note may have come since this was asked.
    const why = obstacle(rows.find(row.id) ?? row);
    if (why) {
      failed.push([row, { message: `Left out: ${why}.` }]);
      continue;
    }
    try {
      rows.note(await review(row));
      approved.push(row.id);
      say(`Approved ${approved.length} of ${ready.length} …`);
    } catch (fault) {
      if (fault.status === 401) return;
      failed.push([row, fault]);
      // A host that does not answer would not answer for the others either.
      if (fault.status === 0) break;
    }
  }
  done(approved);
  say(`${approved.length} approved${ready.length > approved.length ? `, ${ready.length - approved.length} not` : ""}.`);
  if (!failed.length) return;
  rows.load().catch(() => {});
  const line = ([row, fault]) => h("li", null, h("a", { href: `#/tma/${row.id}` }, `${student(row.student_id)}, ${row.assignment_id}`), `: ${fault.message}`);
  await ask(`${plural(failed.length, "TMA")} could not be approved`, h("ul", null, failed.map(line)), [["", "Close"]]);
}
