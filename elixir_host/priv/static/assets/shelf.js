// Rubrics: those that the host keeps for all tutors, and those that this browser kept by itself before there were any.

import { call, get } from "./api.js";

const STORE = "awap.rubrics";
const at = (name) => `/api/rubrics/${encodeURIComponent(name)}`;

/** All that the host keeps, by name: `name`, `max_mark`, `criteria`, `updated_at`, without their text. */
export async function all() {
  const rubrics = [];
  let cursor = null;
  do {
    const page = await get(`/api/rubrics?limit=200${cursor ? `&cursor=${cursor}` : ""}`);
    rubrics.push(...page.rubrics);
    cursor = page.next_cursor;
  } while (cursor);
  return rubrics.sort((a, b) => a.name.localeCompare(b.name));
}

/** The rubric of this name with its `text`, JSON or YAML. */
export const find = (name) => get(at(name));

/** Keeps a rubric for all tutors. `before` is the one of the same name that it takes the place of, as it was last seen. */
export const keep = (name, text, before) => call("PUT", at(name), { json: { rubric: text, ...(before && { expected_updated_at: before.updated_at }) } });

export const remove = (name) => call("DELETE", at(name));

/** What only this browser has: `name` and `text`. */
export function own() {
  try {
    return JSON.parse(localStorage.getItem(STORE)) ?? [];
  } catch {
    return [];
  }
}

/** Lets go of what only this browser had, once the host has it. */
export function disown(name) {
  const left = own().filter((rubric) => rubric.name !== name);
  if (left.length) localStorage.setItem(STORE, JSON.stringify(left));
  else localStorage.removeItem(STORE);
}
