// Keys that act by themselves, as the view that is shown has bound them. They can be switched off (WCAG 2.1.4).

const STORE = "awap.shortcuts";
const bound = new Map();

/** Keys of the view that is shown. */
export const bindings = {
  clear: () => bound.clear(),
  /** Binds `key` (as in `KeyboardEvent.key`) to `act`, described by `label`. */
  add: (key, label, act) => bound.set(key, { label, act }),
  all: () => [...bound].map(([key, { label }]) => [key, label]),
};

export const shortcutsOn = () => localStorage.getItem(STORE) !== "off";
export const setShortcuts = (on) => localStorage.setItem(STORE, on ? "on" : "off");

function writes(element) {
  return element?.closest?.("textarea, select, [contenteditable]") || (element?.matches?.("input") && !/^(checkbox|radio|button|submit|file)$/.test(element.type));
}

export function handleKey(event, help) {
  if (event.defaultPrevented || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.ctrlKey || event.metaKey) {
    const save = event.key.toLowerCase() === "s" && bound.get("s");
    if (save) {
      event.preventDefault();
      save.act();
    }
    return;
  }
  if (writes(event.target)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (!shortcutsOn()) return;
  if (event.key === "?") return help();
  const binding = bound.get(event.key);
  if (binding) {
    event.preventDefault();
    binding.act(event);
  }
}
