// Rubrics that this browser keeps. The host keeps none but those that came with TMAs: a rubric is handed in with each.

const STORE = "awap.rubrics";

/** All rubrics, by name: `name`, `text` (JSON or YAML), `max_mark`, `criteria`. */
export function all() {
  try {
    return JSON.parse(localStorage.getItem(STORE)) ?? [];
  } catch {
    return [];
  }
}

export const find = (name) => all().find((rubric) => rubric.name === name);

/** Keeps a rubric, in place of one of the same name. */
export function keep(rubric) {
  const others = all().filter(({ name }) => name !== rubric.name);
  localStorage.setItem(STORE, JSON.stringify([...others, rubric].sort((a, b) => a.name.localeCompare(b.name))));
}

export function remove(name) {
  localStorage.setItem(STORE, JSON.stringify(all().filter((rubric) => rubric.name !== name)));
}
