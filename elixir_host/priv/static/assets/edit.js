// What a tutor has changed of one TMA's feedback and not saved yet. It outlives a reload and a host that is away.

import { Fault, call, session } from "./api.js";

const PREFIX = "awap.edit.";
// Each person's own: another who signs in in this tab neither sees nor saves it.
const key = (id) => `${PREFIX}${session?.subject ?? ""}.${session?.name ?? ""}.${id}`;

/** The TMAs that this person has changed in this tab and not saved. */
export const unsaved = () => Object.keys(sessionStorage).filter((name) => name.startsWith(key("")));

/** Drops all that was not saved, whoever wrote it. */
export function dropAll() {
  for (const name of Object.keys(sessionStorage)) if (name.startsWith(PREFIX)) sessionStorage.removeItem(name);
}

export class Edit {
  /** `row` is the feedback as it was read; what was left unsaved in this tab is taken up again. */
  constructor(row) {
    this.take(row);
    const kept = JSON.parse(sessionStorage.getItem(key(row.tma_id)) ?? "null");
    if (kept) {
      this.scores = new Map(kept.scores);
      this.comments = new Map(kept.comments);
      this.text = kept.text;
      this.resumed = true;
      this.stale = kept.updated_at !== row.updated_at;
    }
  }

  /** Begins anew from a row. */
  take(row) {
    this.row = row;
    this.scores = new Map();
    this.comments = new Map();
    this.text = null;
    /** The feedback with the changes, as the core last gave it. */
    this.now = row;
    // What is still being added up was of the row before.
    this.turn = (this.turn ?? 0) + 1;
  }

  /** The same changes on top of a newer row. */
  rebase(row) {
    this.row = row;
    this.now = row;
    this.keep();
  }

  criterion = (id) => this.row.marking_criteria.criteria.find((one) => one.id === id);
  score = (id) => (this.scores.has(id) ? this.scores.get(id) : this.criterion(id).score);
  comment = (id) => this.comments.get(id) ?? this.criterion(id).comment;

  setScore(id, score) {
    if (score === this.criterion(id).score) this.scores.delete(id);
    else this.scores.set(id, score);
    this.keep();
  }

  setComment(id, comment) {
    if (comment === this.criterion(id).comment) this.comments.delete(id);
    else this.comments.set(id, comment);
    this.keep();
  }

  setText(text) {
    this.text = text;
    this.keep();
  }

  get marked() {
    return this.scores.size > 0 || this.comments.size > 0;
  }

  get dirty() {
    return this.marked || (this.text !== null && this.text !== this.row.feedback_text);
  }

  keep() {
    if (!this.dirty) return sessionStorage.removeItem(key(this.row.tma_id));
    const { scores, comments, text } = this;
    const kept = { scores: [...scores], comments: [...comments], text, updated_at: this.row.updated_at };
    sessionStorage.setItem(key(this.row.tma_id), JSON.stringify(kept));
  }

  discard() {
    this.take(this.row);
    this.keep();
  }

  changes() {
    const ids = new Set([...this.scores.keys(), ...this.comments.keys()]);
    return [...ids].map((id) => ({
      id,
      ...(this.scores.has(id) && { score: this.scores.get(id) }),
      ...(this.comments.has(id) && { comment: this.comments.get(id) }),
    }));
  }

  /** Has the core add up; false where a later call, or what was written meanwhile, has overtaken this one. */
  async total() {
    const turn = ++this.turn;
    if (!this.marked) {
      this.now = this.text === null ? this.row : { ...this.row, feedback_text: this.text };
      return true;
    }
    const { text } = this;
    const changes = this.changes();
    const asked = JSON.stringify(changes);
    const json = { criteria: changes, ...(text !== null && { feedback_text: text }) };
    const now = await call("POST", `/api/feedback/${this.row.tma_id}/totals`, { json });
    if (turn !== this.turn || this.text !== text || JSON.stringify(this.changes()) !== asked) return false;
    this.now = { ...this.row, ...now };
    if (text !== null) this.text = now.feedback_text;
    return true;
  }

  /** Saves, and approves if asked to; the row as it is then. A 409 says that another has saved meanwhile. */
  async save(approve) {
    // What is saved may be what was written meanwhile; what is approved somebody has looked at.
    while (!(await this.total())) if (approve) throw new Fault(0, "changed", "This was changed while it was being approved: look at it, and approve it again.");
    if (approve && this.now.grade === null) throw new Fault(0, "open", "A criterion is still open: give it a mark first.");
    const { grade, feedback_text, marking_criteria } = this.now;
    const json = { expected_updated_at: this.row.updated_at };
    if (this.marked) Object.assign(json, { grade, marking_criteria });
    if (this.dirty) json.feedback_text = feedback_text;
    if (approve) Object.assign(json, session.name ? { reviewed_by: session.name } : { reviewed: true });
    const sent = { scores: new Map(this.scores), comments: new Map(this.comments) };
    const row = await call("PATCH", `/api/feedback/${this.row.tma_id}`, { json });
    const { scores, comments, text, row: before } = this;
    this.take(row);
    // What was changed while this was on its way, also back to what it was, is not saved yet.
    const was = (id) => before.marking_criteria.criteria.find((one) => one.id === id);
    const since = (now, sent, old, set) => {
      const of = (changes, id) => (changes.has(id) ? changes.get(id) : old(id));
      for (const id of new Set([...now.keys(), ...sent.keys()])) if (of(now, id) !== of(sent, id)) set(id, of(now, id));
    };
    since(scores, sent.scores, (id) => was(id).score, (id, score) => this.setScore(id, score));
    since(comments, sent.comments, (id) => was(id).comment, (id, comment) => this.setComment(id, comment));
    if (text !== null && text !== feedback_text) this.text = text;
    this.keep();
    return row;
  }
}
