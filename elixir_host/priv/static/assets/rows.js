// The TMAs that this page knows of, fetched once and kept up to date: the queue shows them, a TMA’s view goes through them.

import { get, onSession } from "./api.js";
import { onStatus, onConnection } from "./live.js";

const PAGE = 200;
const rows = new Map();
const listeners = new Set();
let complete = false;
let loading = null;
let again = null;

/** All rows, newest first. */
export const all = () => [...rows.values()].sort((a, b) => (a.submitted_at < b.submitted_at ? 1 : a.submitted_at > b.submitted_at ? -1 : a.id < b.id ? 1 : -1));
/** Whether all there are have come in. */
export const isComplete = () => complete;
export const find = (id) => rows.get(id);

/** The order in which the queue last showed them, as ids: what “next” and “previous” mean. */
export let order = [];
export const setOrder = (ids) => (order = ids);

/** The TMAs that were opened on this page, each with how many others were said there to share text with it. */
export const opened = new Map();

/** Calls `listener` after each change; gives what takes it away again. */
export function onRows(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

const changed = () => listeners.forEach((listener) => listener());

/** Fetches every page, telling after each, the first at once. */
export function load() {
  loading ??= pages().finally(() => (loading = null));
  return loading;
}

async function pages() {
  let cursor = null;
  const seen = new Set();
  do {
    const page = await get(`/api/tmas?include=feedback&limit=${PAGE}${cursor ? `&cursor=${cursor}` : ""}`);
    for (const row of page.tmas) {
      seen.add(row.id);
      rows.set(row.id, row);
    }
    cursor = page.next_cursor;
    complete = !cursor;
    if (complete) for (const id of rows.keys()) if (!seen.has(id)) rows.delete(id);
    changed();
  } while (cursor);
}

/** Takes over what is known of a row’s feedback after it was saved here. */
export function note(feedback) {
  const row = rows.get(feedback.tma_id);
  if (!row) return;
  const criteria = feedback.marking_criteria ?? {};
  const open = (criteria.needs_review ?? []).filter((review) => !review.resolved);
  row.feedback = {
    grade: feedback.grade,
    band: criteria.totals?.band ?? null,
    needs_review: [...new Set(open.map((review) => review.reason))].sort(),
    reviewed_by: feedback.reviewed_by,
    reviewed_at: feedback.reviewed_at,
    updated_at: feedback.updated_at,
  };
  changed();
}

function soon() {
  again ??= setTimeout(async () => {
    again = null;
    // What is being fetched may be from before the news.
    await loading?.catch(() => {});
    await load().catch(() => {});
  }, rows.size > PAGE ? 3000 : 400);
}

onStatus(({ id, status, error }) => {
  const row = rows.get(id);
  // Told once more: what it shares text with is another now, and nobody has looked at that.
  if (row?.status === "completed" && status === "completed" && opened.has(id)) opened.set(id, 0);
  if (row && row.status !== status) {
    row.status = status;
    row.error_message = error?.message ?? row.error_message;
    changed();
  }
  // What a list shows beyond the status, the socket does not tell.
  if (!row || loading || status === "completed" || status === "failed") soon();
});
onConnection((on) => on && rows.size && soon());
onSession((now) => {
  if (now) return;
  rows.clear();
  opened.clear();
  complete = false;
});
