// How the host and its parts are; for administrators also who did what.

import { call, get, session } from "./api.js";
import { fill, h, say } from "./dom.js";
import { exactly } from "./format.js";

const PARTS = { database: "Database", core: "Core", workers: "Workers", event_store: "Event store", ai: "AI containers", moodle: "Moodle" };
const STATES = { ok: "Well", degraded: "Impaired", down: "Down", disabled: "Off" };

export function show(main) {
  const health = h("section", { "aria-labelledby": "health" });
  const audit = h("section", { "aria-labelledby": "audit" });
  fill(main, h("div.head", null, h("h1", null, "System")), health, audit);
  let timer;
  const look = async () => {
    clearTimeout(timer);
    try {
      drawHealth(health, await get("/api/health"));
    } catch (fault) {
      if (fault.status === 503 && fault.details?.parts) drawHealth(health, fault.details);
      else fill(health, h("h2", { id: "health" }, "Health"), h("p.error", { role: "alert" }, fault.message));
    }
    timer = setTimeout(look, 10_000);
  };
  look();
  if (session.role === "admin") auditOf(audit);
  else fill(audit, h("h2", { id: "audit" }, "Audit"), h("p.muted", null, "Who did what is for administrators to see. The history of a TMA stands beside it."));
  return () => clearTimeout(timer);
}

function drawHealth(place, { status, parts }) {
  const fact = ([name, value]) => {
    if (value === null || typeof value === "object" || name === "status") return "";
    return h("div", null, h("dt", null, name.replace(/_/g, " ")), h("dd", null, name === "latency_ms" ? `${value} ms` : String(value)));
  };
  const part = ([name, facts]) =>
    h("li.part", null, h("p", null, h("strong", null, PARTS[name] ?? name), " ", h(`span.state.${facts.status}`, null, STATES[facts.status] ?? facts.status)), facts.message ? h("p.small", null, facts.message) : "", h("dl.facts.small", null, Object.entries(facts).filter(([key]) => key !== "message").map(fact)));
  fill(place, h("h2", { id: "health" }, "Health ", h(`span.state.${status}`, null, STATES[status] ?? status)), h("ul.parts", null, Object.entries(parts ?? {}).map(part)));
}

function auditOf(place) {
  const action = h("input", { id: "action", placeholder: "such as feedback.update", maxlength: 255 });
  const pseudonym = h("input", { id: "pseudonym", placeholder: "stu_…", maxlength: 36 });
  const body = h("tbody");
  const trouble = h("div", { role: "alert" });
  const more = h("button", { type: "button", hidden: true, onclick: () => fetchPage(false) }, "Older entries");
  const chain = h("p.small", { role: "status" });
  let cursor = null;
  async function fetchPage(anew) {
    const query = new URLSearchParams({ limit: "50" });
    if (action.value.trim()) query.set("action", action.value.trim());
    if (pseudonym.value.trim()) query.set("pseudonym", pseudonym.value.trim());
    if (!anew && cursor) query.set("cursor", cursor);
    fill(trouble);
    try {
      const page = await get(`/api/audit?${query}`);
      if (anew) body.replaceChildren();
      body.append(...page.entries.map(entryOf));
      cursor = page.next_cursor;
      more.hidden = !cursor;
      if (!body.children.length) fill(body, h("tr", null, h("td", { colspan: 4 }, "No entries.")));
    } catch (fault) {
      fill(trouble, h("p.error", null, Object.values(fault.fields)[0] ?? fault.message));
    }
  }
  const verify = async () => {
    chain.textContent = "Verifying …";
    const answer = await call("GET", "/api/events/verify").catch((fault) => say(fault.message));
    chain.textContent = answer ? (answer.valid ? `Every event is as it was written (${answer.head?.global_position ?? answer.verified ?? "all"} of them).` : "The chain of events does not hold. The log and `awap verify` say where.") : "";
  };
  const submit = (event) => {
    event.preventDefault();
    fetchPage(true);
  };
  fill(
    place,
    h("h2", { id: "audit" }, "Audit"),
    h("form.form", { onsubmit: submit }, h("div.field", null, h("label", { for: "action" }, "Action"), action), h("div.field", null, h("label", { for: "pseudonym" }, "Student"), pseudonym), h("button", { type: "submit" }, "Look"), h("button.quiet", { type: "button", onclick: verify }, "Verify the events")),
    chain,
    trouble,
    h("div.scroll", { tabindex: "0", role: "region", "aria-label": "Audit log" }, h("table", null, h("thead", null, h("tr", null, ["When", "What", "Who", "From"].map((t) => h("th", { scope: "col" }, t)))), body)),
    more,
  );
  fetchPage(true);
}

function entryOf(entry) {
  const to = entry.resource_type === "tma" && entry.resource_id ? h("a", { href: `#/tma/${entry.resource_id}` }, entry.action) : entry.action;
  const failed = entry.result && entry.result !== "ok" && entry.result !== "success" ? h("span.flag.warn", null, entry.result) : "";
  return h("tr", null, h("td", null, h("time", { datetime: entry.timestamp }, exactly(entry.timestamp))), h("td", null, to, " ", failed), h("td", null, [entry.actor_type, entry.actor_id].filter(Boolean).join(" ")), h("td", null, entry.ip_address ?? ""));
}
