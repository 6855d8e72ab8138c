// What has happened to a TMA, and the states that its feedback was in.

import { get } from "./api.js";
import { fill, h } from "./dom.js";
import { exactly, marks, plural } from "./format.js";

const EVENTS = {
  "tma.submitted": () => "Handed in",
  "tma.processing": ({ attempt }) => (attempt > 1 ? `Being marked, try ${attempt}` : "Being marked"),
  "tma.anonymized": ({ counts, citations_kept }) => `Anonymized: ${Object.values(counts ?? {}).reduce((a, b) => a + b, 0)} taken out, ${citations_kept ?? 0} citations kept`,
  "tma.parsed": ({ counts }) => `Read: ${counts?.words ?? 0} words`,
  "feedback.generated": ({ grade, needs_review }) => `Feedback drafted: mark ${marks(grade)}, ${needs_review} to look at`,
  "tma.completed": () => "Marked",
  "tma.compared": ({ near_duplicates: n }) => (n ? `Compared: text in common with ${plural(n, "other TMA")}` : "Compared: no text in common any more"),
  "tma.retried": ({ code }) => `To be tried again (${code})`,
  "tma.released": () => "Given back by a host that stopped",
  "tma.failed": ({ message }) => `Failed: ${message}`,
  "feedback.edited": ({ revision, grade, fields }) => `Edited (${(fields ?? []).join(", ")}): mark ${marks(grade)}; revision ${revision} keeps what was before`,
  "feedback.reviewed": ({ grade }) => `Approved: mark ${marks(grade)}`,
};

/** Fills `place` with the timeline of a TMA. */
export async function historyOf(id, place) {
  try {
    const [{ events }, { revisions }] = await Promise.all([get(`/api/tmas/${id}/events?limit=500`), get(`/api/feedback/${id}/revisions`)]);
    const entry = ({ type, data, recorded_at, metadata }) =>
      h("li", null, h("time", { datetime: recorded_at }, exactly(recorded_at)), h("p", null, EVENTS[type]?.(data) ?? type), metadata.actor_type ? h("p.muted.small", null, `${metadata.actor_type}${metadata.actor_id ? ` ${metadata.actor_id}` : ""}`) : "");
    const revision = (one) =>
      h("li", null, h("time", { datetime: one.written_at }, exactly(one.written_at)), h("p", null, `${one.revision === 1 ? "The draft" : `Revision ${one.revision}`}: mark ${marks(one.grade)}`, one.reviewed_by ? `, approved by ${one.reviewed_by}` : ""));
    fill(
      place,
      h("h3", null, "What happened"),
      h("ol.timeline", null, events.map(entry)),
      h("h3", null, "Earlier states of the feedback"),
      revisions.length ? h("ol.timeline", null, revisions.map(revision)) : h("p.muted", null, "It has not been changed since it was drafted."),
    );
  } catch (fault) {
    fill(place, h("p.error", { role: "alert" }, fault.message));
  }
}
