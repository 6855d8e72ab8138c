// One TMA: the anonymized text beside its criteria, marks to change, feedback to edit, and the decision.

import { call, get, session } from "./api.js";
import { ask, debounce, fill, h, say } from "./dom.js";
import { STAGE, STATUS, exactly, marks, plural, student } from "./format.js";
import { Edit } from "./edit.js";
import { alikeNote } from "./alike.js";
import { Banner } from "./banner.js";
import { criteriaOf } from "./criteria.js";
import { historyOf } from "./history.js";
import { bindings } from "./keys.js";
import { letterOf } from "./letter.js";
import { follow, onStatus, unfollow } from "./live.js";
import { moodleOf } from "./moodle.js";
import * as rows from "./rows.js";
import { download, downloadWord, sheetOf } from "./sheet.js";
import { textOf } from "./text.js";

// How it is left is said before it has loaded: what is left meanwhile must not draw itself over what came after.
export function show(main, id) {
  fill(main, h("p.muted", { role: "status" }, "Loading …"));
  const view = new View(main, id);
  view.load();
  return (to) => view.leave(to);
}

class View {
  constructor(main, id) {
    Object.assign(this, { main, id, gone: false });
    this.off = onStatus((tma) => tma.id === id && this.heard(tma));
    this.guard = (event) => this.edit?.dirty && event.preventDefault();
    this.print = () => this.sheet && fill(this.sheet, sheetOf(this.tma, this.shown()));
    addEventListener("beforeunload", this.guard);
    addEventListener("beforeprint", this.print);
  }

  leave() {
    this.gone = true;
    this.off();
    unfollow(this.id);
    this.later?.cancel();
    removeEventListener("beforeunload", this.guard);
    removeEventListener("beforeprint", this.print);
    if (this.edit?.dirty) say("Your changes are kept in this tab until you save or discard them.");
  }

  async load() {
    const { main, id } = this;
    const mine = (this.turn = (this.turn ?? 0) + 1);
    try {
      const [tma, feedback] = await Promise.all([get(`/api/tmas/${id}`), get(`/api/feedback/${id}`).catch((fault) => (fault.status === 404 ? null : Promise.reject(fault)))]);
      if (this.gone || mine !== this.turn) return;
      this.tma = tma;
      document.title = `${student(tma.student_id)}, ${tma.assignment_id} · AWAP`;
      if (tma.status !== "completed" || !feedback) return this.waiting();
      unfollow(id);
      this.edit = new Edit(feedback);
      this.draft = feedback.feedback_text;
      if (!rows.opened.has(id)) rows.opened.set(id, 0);
      this.build();
      this.extras();
    } catch (fault) {
      if (this.gone || mine !== this.turn || fault.status === 401) return;
      const again = h("button", { type: "button", onclick: () => this.load() }, "Try again");
      fill(main, h("h1", null, fault.status === 404 ? "There is no such TMA" : "This TMA could not be fetched"), h("p.error", { role: "alert" }, fault.message), h("p.row", null, again, h("a", { href: "#/queue" }, "To the queue")));
    }
  }

  /** What a TMA shows that is not marked yet, or could not be. */
  waiting() {
    const { tma, main, id } = this;
    const failed = tma.status === "failed";
    // What has failed goes through no stages; after another try it is loaded again, and followed then.
    if (failed) unfollow(id);
    else follow(id);
    this.bind();
    this.state = h("p", { role: "status" }, STATUS[tma.status], " …");
    fill(
      main,
      this.head(),
      failed ? h("p.error", null, tma.error_message ?? "No reason was given.") : this.state,
      failed ? h("button", { type: "button", onclick: () => this.retry() }, "Try again") : h("progress", { "aria-label": "Being marked" }),
    );
  }

  async retry() {
    try {
      await call("POST", `/api/jobs/${this.tma.job_id}/retry`);
      say("It is tried again.");
      await this.load();
    } catch (fault) {
      say(fault.message);
    }
  }

  heard({ status, stage }) {
    if (this.gone) return;
    // Told once more: it was compared with the others meanwhile.
    if (this.edit) return status === "completed" && this.notes();
    if (status === "completed" || status !== this.tma?.status) return this.load();
    if (this.state && stage) this.state.textContent = `${STAGE[stage] ?? STATUS[status]} …`;
  }

  head() {
    const { tma } = this;
    const at = rows.order.indexOf(this.id);
    const step = (by, label, sign) => {
      const to = at < 0 ? undefined : rows.order[at + by];
      return to ? h("a.step", { href: `#/tma/${to}`, "aria-label": label, rel: by < 0 ? "prev" : "next" }, sign) : h("span.step.off", { "aria-hidden": "true" }, sign);
    };
    return h(
      "div.head",
      null,
      h("nav.crumbs", { "aria-label": "Place" }, h("a", { href: "#/queue" }, "Queue"), at < 0 ? "" : h("span.muted", null, `${at + 1} of ${rows.order.length}`), step(-1, "Previous TMA", "‹"), step(1, "Next TMA", "›")),
      h("h1", { title: tma.student_id }, tma.assignment_id, " ", h("span.who", null, student(tma.student_id))),
      h("p.muted.small", null, `${tma.course_id} · handed in ${exactly(tma.submitted_at)}`, tma.content?.parsed ? ` · ${plural(tma.content.parsed.counts.words_counted, "word")} that count` : ""),
    );
  }

  build() {
    const { main, tma, edit } = this;
    const { criteria } = edit.row.marking_criteria;
    const evidence = criteria.flatMap((one, at) => one.evidence.map((span) => ({ ...span, number: at + 1, title: one.title })));
    this.text = h("article.text", { lang: "en", "aria-label": "The student’s text, anonymized" }, textOf(tma.content, evidence, (number) => this.toCriterion(number)));
    this.alike = h("div.alike-note", { role: "status" });
    this.sheet = h("div.sheet-place", { "aria-hidden": "true" });
    this.totals = h("section.totals", { "aria-label": "Total" });
    this.banner = new Banner();
    this.panel = h("div.panel-body");
    this.actions = h("div.actions");
    this.tabs = h("div.tabs", { role: "group", "aria-label": "What is beside the text" });
    this.mode ??= "criteria";
    this.letter = letterOf(edit, () => this.draft, () => this.changed());
    fill(
      main,
      this.head(),
      h(
        "div.desk",
        null,
        h("section.paper", { "aria-label": "Text", tabindex: "0" }, this.redactions(), this.alike, this.text),
        h("section.panel", { "aria-label": "Marking" }, this.totals, this.banner.element, this.tabs, this.panel, this.actions),
      ),
      this.sheet,
    );
    this.later = debounce(() => this.total(), 200);
    this.showPanel();
    this.redraw();
    this.bind();
    if (edit.resumed) {
      this.banner.tell("unsaved", edit.stale ? "Somebody has saved since you began. Your unsaved changes are on top of what is there now: look before you save." : "These are your unsaved changes from before.", [["Discard them", () => this.discard()]]);
      this.total();
    }
    if (edit.row.stale) this.banner.tell("version", "A newer version of this work was handed in: this feedback is about what no longer counts.", edit.row.superseded_by ? [["To the newer version", () => (location.hash = `#/tma/${edit.row.superseded_by}`)]] : []);
  }

  redactions() {
    const counts = this.tma.content.anonymization?.counts ?? {};
    const n = Object.values(counts).reduce((sum, count) => sum + count, 0);
    const kept = this.tma.content.anonymization?.citations_kept ?? 0;
    return h("p.muted.small.redactions", null, n ? `${plural(n, "thing")} that would identify the student taken out` : "Nothing had to be taken out", `; ${plural(kept, "citation")} kept.`);
  }

  /** What is not needed for the first look: the rubric's levels, the engine's own draft, Moodle. */
  async extras() {
    const { content, origin } = this.tma;
    const source = this.edit.row.marking_criteria.provenance?.rubric_source;
    this.locked = !content.rubric && source !== "built_in";
    this.notes();
    const fetched = await Promise.all([
      content.rubric ? call("POST", "/api/rubrics/check", { json: { rubric: content.rubric } }).catch(() => null) : null,
      get(`/api/feedback/${this.id}/revisions`).catch(() => null),
    ]);
    if (this.gone) return;
    [this.outline] = fetched;
    this.draft = fetched[1]?.revisions[0]?.feedback_text ?? this.draft;
    if (this.locked) this.banner.tell("rubric", "The rubric of this TMA was not kept, so its marks cannot be changed here; the feedback’s text can.");
    if (this.mode === "criteria" && !this.panel.contains(document.activeElement) && !this.faulty()) this.showPanel();
    this.letter.redraw();
    if (origin) moodleOf(this.id, this.actions, () => this.gone);
  }

  /** Whom it shares text with; whoever is told so here has seen it. */
  async notes() {
    const others = await alikeNote(this.id, this.alike, () => this.gone);
    if (others !== undefined) rows.opened.set(this.id, others);
  }

  /** The feedback as the page shows it: what is not saved nobody has approved. */
  shown() {
    const { now, text, dirty } = this.edit;
    const words = { ...now, feedback_text: text ?? now.feedback_text };
    return dirty ? { ...words, reviewed_by: null, reviewed_at: null } : words;
  }

  showPanel() {
    const { mode, edit } = this;
    const held = this.panel.contains(document.activeElement) ? document.activeElement : null;
    const caret = held?.matches("textarea") ? [held.selectionStart, held.selectionEnd] : null;
    const modes = { criteria: "Criteria", feedback: "Feedback", history: "History" };
    const choose = (name) => {
      if (this.outOfBounds()) return;
      this.mode = name;
      this.showPanel();
      this.tabs.querySelector("[aria-pressed=true]").focus();
    };
    fill(this.tabs, Object.entries(modes).map(([name, label]) => h("button", { type: "button", "aria-pressed": String(mode === name), onclick: () => choose(name) }, label)));
    if (mode === "criteria") fill(this.panel, criteriaOf(edit, this.outline, { onChange: () => this.changed(), onQuote: (number, start) => this.toEvidence(number, start), locked: this.locked }));
    if (mode === "feedback" && this.letter.element.parentNode !== this.panel) fill(this.panel, this.letter.element);
    if (mode === "history") historyOf(this.id, fill(this.panel, h("p.muted", null, "Loading …")));
    // Whoever writes goes on writing: where no field has the focus, single letters are commands.
    if (!held?.id || held.isConnected) return;
    const again = document.getElementById(held.id);
    again?.focus({ preventScroll: true });
    if (caret) again?.setSelectionRange(...caret);
  }

  /** The first field whose mark cannot be taken. */
  faulty() {
    return this.panel.querySelector("[aria-invalid=true]");
  }

  /** Whether a mark that is shown cannot be taken; leads to it, as no other place keeps what was typed. */
  outOfBounds() {
    const field = this.faulty();
    if (!field) return false;
    say("A mark is out of its bounds: put it right first.");
    field.focus();
    return true;
  }

  changed() {
    this.drawActions();
    this.later();
  }

  async total() {
    try {
      if (!(await this.edit.total()) || this.gone) return;
      this.banner.drop("total");
      this.redraw();
    } catch (fault) {
      if (!this.gone) this.banner.tell("total", Object.values(fault.fields)[0] ?? fault.message, [["Try again", () => this.total()]]);
    }
  }

  redraw() {
    const { edit } = this;
    const { totals } = edit.now.marking_criteria;
    const before = edit.row.marking_criteria.totals;
    const open = edit.now.marking_criteria.criteria.filter((one) => one.score === null).length;
    const range = totals.range ? `between ${marks(totals.range[0])} and ${marks(totals.range[1])}` : "";
    const changed = totals.mark !== before.mark;
    fill(
      this.totals,
      h("p.total", { "aria-live": "polite" }, h("strong.mark", { id: "total" }, marks(totals.mark)), h("span.muted", null, ` out of ${marks(totals.max_mark)}`), h("span.band", { id: "band" }, totals.band ?? plural(open, "criterion open", "criteria open"))),
      h("p.small.muted", null, [changed ? `was ${marks(before.mark)}` : "", range, ...totals.penalties.filter((one) => one.marks).map((one) => `${one.label}: ${marks(-one.marks)}`)].filter(Boolean).join(" · ") || "\u00a0"),
    );
    this.letter.redraw();
    this.drawActions();
  }

  drawActions() {
    const { edit } = this;
    const row = edit.row;
    const open = edit.now.grade === null;
    const reviewed = row.reviewed_at && !edit.dirty;
    const held = document.activeElement?.dataset?.act;
    const act = (name, label, run, props = {}, kind = "") => {
      const button = h(`button${kind}`, { type: "button", onclick: run, disabled: this.busy || props.disabled, title: props.title, "aria-label": props.label }, label);
      button.dataset.act = name;
      return button;
    };
    const moodle = this.actions.querySelector(".moodle");
    fill(
      this.actions,
      reviewed ? h("p.approved", null, "Approved by ", h("strong", null, row.reviewed_by), " ", h("time", { datetime: row.reviewed_at }, exactly(row.reviewed_at))) : "",
      h(
        "div.row",
        null,
        reviewed ? "" : act("approve", "Approve", () => this.save(true), { disabled: open, title: open ? "A criterion is still open" : undefined }, ".primary"),
        edit.dirty ? [act("save", "Save", () => this.save(false)), act("discard", "Discard changes", () => this.discard(), {}, ".quiet")] : "",
        act("print", "Print or PDF", () => window.print(), {}, ".quiet"),
        act("html", "HTML", () => download(this.tma, this.shown()), { label: "Download as HTML" }, ".quiet"),
        act("word", "Word", () => this.word(), { label: "Download as Word file", title: edit.dirty ? "As it is saved, without your changes" : undefined }, ".quiet"),
      ),
      edit.dirty && row.reviewed_at ? h("p.small.muted", null, "To save without approving takes the earlier approval away.") : "",
      moodle ?? "",
    );
    if (held) this.actions.querySelector(`[data-act="${held}"]`)?.focus();
  }

  async word() {
    try {
      await downloadWord(this.tma);
      if (this.edit.dirty) say("The Word file has what is saved, without your changes.");
    } catch (fault) {
      if (fault.status !== 401) say(fault.message);
    }
  }

  async save(approve) {
    const { edit } = this;
    if (this.busy || (!approve && !edit.dirty)) return;
    if (this.outOfBounds()) return;
    if (approve && edit.now.grade === null && !edit.marked) return say("A criterion is still open: give it a mark first.");
    this.busy = true;
    this.later.cancel();
    this.drawActions();
    this.banner.drop("save", "total");
    try {
      const row = await edit.save(approve);
      rows.note(row);
      this.banner.drop("unsaved");
      say(approve ? "Approved." : "Saved.");
      this.showPanel();
      this.redraw();
      if (this.tma.origin) moodleOf(this.id, this.actions, () => this.gone);
    } catch (fault) {
      if (fault.status === 409 && fault.details.current) await this.conflict(fault);
      else if (fault.status !== 401) this.banner.tell("save", Object.values(fault.fields)[0] ?? fault.message, [["Try again", () => this.save(approve)]]);
    } finally {
      this.busy = false;
      if (!this.gone) this.drawActions();
    }
  }

  /** Another tutor has saved first: nothing of theirs is overwritten unseen, nothing of ours is lost. */
  async conflict(fault) {
    const { current } = fault.details;
    const who = current.reviewed_by ? `${current.reviewed_by} approved` : "Somebody saved";
    const body = h("p", null, `${who} this feedback at ${exactly(current.updated_at)}, while you had it open. Nothing was overwritten.`);
    const answer = await ask("This was changed meanwhile", body, [["", "Not now"], ["theirs", "Take theirs, drop mine"], ["mine", "Put my changes on top of theirs", "primary"]]);
    if (!answer) return this.banner.tell("save", "Not saved: somebody else has saved meanwhile.", [["Decide", () => this.conflict(fault)]]);
    const row = await get(`/api/feedback/${this.id}`);
    rows.note(row);
    this.banner.drop("save", "unsaved");
    if (answer === "theirs") {
      this.edit.discard();
      this.edit.take(row);
    } else {
      this.edit.rebase(row);
      this.banner.tell("unsaved", "Your changes are on top of what was saved meanwhile, and not saved yet.");
    }
    this.edit.keep();
    this.showPanel();
    await this.total();
    this.redraw();
  }

  async discard() {
    this.edit.discard();
    this.banner.drop("unsaved", "save", "total");
    this.showPanel();
    this.redraw();
    say("Your changes were discarded.");
  }

  toEvidence(number, start) {
    const all = [...this.text.querySelectorAll("mark.evidence")];
    const wanted = all.find((mark) => mark.dataset.starts.split(" ").includes(`${number}:${start}`)) ?? all.find((mark) => mark.dataset.n.includes(` ${number} `));
    if (!wanted) return say("This evidence is not in the text that is shown.");
    this.emphasize(number);
    wanted.tabIndex = -1;
    wanted.focus({ preventScroll: true });
    wanted.scrollIntoView({ block: "center", behavior: calm() });
  }

  toCriterion(number) {
    if (this.mode !== "criteria") {
      this.mode = "criteria";
      this.showPanel();
    }
    this.emphasize(number);
    const card = document.getElementById(`c${number}`);
    card.focus({ preventScroll: true });
    card.scrollIntoView({ block: "start", behavior: calm() });
  }

  emphasize(number) {
    for (const mark of this.text.querySelectorAll("mark.evidence")) mark.classList.toggle("lit", mark.dataset.n.includes(` ${number} `));
    for (const card of this.panel.querySelectorAll(".criterion")) card.classList.toggle("lit", card.id === `c${number}`);
  }

  bind() {
    const at = rows.order.indexOf(this.id);
    const go = (by) => () => (at >= 0 && rows.order[at + by] ? (location.hash = `#/tma/${rows.order[at + by]}`) : say(by > 0 ? "This is the last TMA of the list." : "This is the first TMA of the list."));
    bindings.add("j", "Next TMA", go(1));
    bindings.add("k", "Previous TMA", go(-1));
    bindings.add("u", "Back to the queue", () => (location.hash = "#/queue"));
    if (!this.edit) return;
    const fields = () => [...this.panel.querySelectorAll("input.score")];
    bindings.add("m", "To the next mark that is open, or the first", () => (fields().find((field) => field.value === "") ?? fields()[0])?.focus());
    bindings.add("s", "Save (Ctrl+S also while writing)", () => this.save(false));
    bindings.add("a", "Approve", () => this.save(true));
    bindings.add("p", "Print", () => window.print());
  }
}

const calm = () => (matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth");
