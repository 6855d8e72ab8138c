// Makes elements. Whatever a student or a rubric wrote goes in as text, never as markup.

/**
 * An element: `h("button.primary", {type: "button", onclick}, "Save")`. Properties that begin with “on” are listeners,
 * `style` is an object set property by property, true and false set and leave out an attribute.
 */
export function h(tag, props, ...children) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name);
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "style") for (const [k, v] of Object.entries(value)) element.style.setProperty(k, v);
    else if (key === "class") element.className = [element.className, value].filter(Boolean).join(" ");
    else if (key === "value") element.value = value;
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  append(element, children);
  return element;
}

function append(parent, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (Array.isArray(child)) append(parent, child);
    else parent.append(child);
  }
}

/** Puts `children` in place of what is in `parent`. */
export function fill(parent, ...children) {
  parent.replaceChildren();
  append(parent, children);
  return parent;
}

/** Says something to whoever listens to the page, and shows it for a while. */
export function say(text) {
  const place = document.getElementById("said");
  place.textContent = "";
  // A screen reader hears a change, not the same again.
  requestAnimationFrame(() => (place.textContent = text));
  clearTimeout(say.timer);
  say.timer = setTimeout(() => (place.textContent = ""), 6000);
}

/** A dialog that asks; resolves to the value of the button that was pressed, or null. `body` may hold form fields. */
export function ask(title, body, buttons) {
  return new Promise((resolve) => {
    const head = h("h2", { id: "dialog-title" }, title);
    const row = buttons.map(([value, label, kind]) =>
      h(`button${kind ? "." + kind : ""}`, { type: "submit", value }, label),
    );
    const form = h("form", { method: "dialog" }, head, body, h("div.row.end", null, row));
    const dialog = h("dialog", { "aria-labelledby": "dialog-title" }, form);
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue || null);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Runs `work` once no call has come for `milliseconds`. */
export function debounce(work, milliseconds) {
  let timer;
  const later = (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...values), milliseconds);
  };
  later.cancel = () => clearTimeout(timer);
  return later;
}
