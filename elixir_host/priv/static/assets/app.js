// The frame around the views: who is signed in, which view is shown, keys that hold everywhere.

import { session, onSession, signOut } from "./api.js";
import { ask, fill, h, say } from "./dom.js";
import { plural } from "./format.js";
import { onConnection, connected } from "./live.js";
import { bindings, handleKey, shortcutsOn, setShortcuts } from "./keys.js";
import * as queue from "./queue.js";

const VIEWS = {
  queue: { title: "Queue", load: async () => queue },
  tma: { load: () => import("./tma.js") },
  alike: { load: () => import("./alike.js") },
  submit: { title: "Submit", load: () => import("./submit.js") },
  rubrics: { title: "Rubrics", load: () => import("./rubrics.js") },
  system: { title: "System", load: () => import("./system.js") },
};

const main = document.getElementById("main");
const nav = document.getElementById("nav");
let leave = null;
let shown = "";
let turn = 0;

function route() {
  const [name, ...rest] = location.hash.replace(/^#\/?/, "").split("/");
  return [Object.hasOwn(VIEWS, name) ? name : "queue", ...rest.map(decodeURIComponent)];
}

async function show() {
  if (location.hash === "#main") return main.focus();
  const mine = ++turn;
  if (leave && (await leave(location.hash)) === false) {
    history.replaceState(null, "", shown);
    return;
  }
  leave = null;
  shown = location.hash || "#/queue";
  if (!session) return signedOut();
  const [name, ...rest] = route();
  for (const link of nav.querySelectorAll("a")) {
    const current = link.dataset.view === (name === "tma" || name === "alike" ? "queue" : name);
    if (current) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const view = await VIEWS[name].load();
  if (mine !== turn) return;
  bindings.clear();
  document.title = VIEWS[name].title ? `${VIEWS[name].title} · AWAP` : "AWAP";
  main.className = `view-${name}`;
  window.scrollTo(0, 0);
  leave = await view.show(main, ...rest);
  // What is opened next is mostly a TMA: its modules come while the list is looked at.
  setTimeout(() => VIEWS.tma.load().catch(() => {}), 500);
}

async function signedOut() {
  bindings.clear();
  document.title = "Sign in · AWAP";
  main.className = "view-signin";
  const { show } = await import("./signin.js");
  show(main);
}

function frame() {
  nav.hidden = !session;
  const links = Object.entries(VIEWS).filter(([, view]) => view.title);
  const link = ([name, { title }]) => {
    const a = h("a", { href: `#/${name}` }, title);
    a.dataset.view = name;
    return a;
  };
  fill(nav, links.map(link));
  const end = document.getElementById("session");
  if (!session) return fill(end);
  const who = session.name || (session.role ? `as ${session.role}` : "signed in");
  fill(
    end,
    live(connected),
    h("button.quiet", { type: "button", onclick: help, "aria-label": "Keyboard shortcuts" }, "?"),
    h("span.who", null, who),
    h("button.quiet", { type: "button", onclick: leaveForGood }, "Sign out"),
  );
}

/** Signing out on purpose leaves nothing behind, and says so before something is lost. */
async function leaveForGood() {
  const { dropAll, unsaved } = await import("./edit.js");
  const n = unsaved().length;
  if (n) {
    const text = `What you have changed of ${plural(n, "TMA")} is not saved. To sign out drops it.`;
    const answer = await ask("Sign out?", h("p", null, text), [["", "Stay"], ["drop", "Drop it and sign out"]]);
    if (answer !== "drop") return;
  }
  signOut();
  dropAll();
  say("Signed out.");
}

function live(on) {
  return h(`span.live${on ? ".on" : ""}`, { id: "live" }, on ? "Live" : "Reconnecting");
}

async function help() {
  const rows = [...bindings.all()].map(([key, label]) => [h("dt", null, h("kbd", null, key)), h("dd", null, label)]);
  const box = h("input", { type: "checkbox", checked: shortcutsOn() });
  const body = [
    rows.length ? h("dl.keys", null, rows) : h("p", null, "This view has no keys of its own."),
    h("label.check", null, box, "Single keys act (turn off if you dictate, or press keys by mistake)"),
  ];
  await ask("Keyboard", body, [["close", "Close"]]);
  setShortcuts(box.checked);
}

onConnection((on) => document.getElementById("live")?.replaceWith(live(on)));

let was = session;
onSession((now) => {
  frame();
  if (Boolean(was) !== Boolean(now)) {
    was = now;
    if (!now) say("Signed out.");
    // A view that is left so says what becomes of what was not saved.
    show();
  }
});
addEventListener("hashchange", show);
addEventListener("keydown", (event) => handleKey(event, help));
frame();
show();
