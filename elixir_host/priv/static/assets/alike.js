// Two TMAs with text in common: the note in a TMA, and both texts side by side with what they share. A prompt to look, no finding.

import { get } from "./api.js";
import { fill, h, say } from "./dom.js";
import { plural, student } from "./format.js";
import { bindings } from "./keys.js";
import { textOf } from "./text.js";

const REASONS = "It may be a common source, notes that were shared, or work that was meant to be done together: look before you think anything of it. No mark depends on it.";

const found = async (id) => (await get(`/api/tmas/${id}/near-duplicates`)).near_duplicates;

/**
 * Fills `place` with a note on whom TMA `id` has text in common with; with nothing where there is nobody. How many they are,
 * once that is shown; undefined where it could not be fetched.
 */
export async function alikeNote(id, place, gone) {
  let others;
  try {
    others = await found(id);
  } catch (fault) {
    // Who may not know is told nothing; whoever may looks again.
    if (!gone() && fault.status !== 401 && fault.status !== 403) fill(place, h("p.small.muted", null, "Whether it has text in common with others could not be fetched."));
    return undefined;
  }
  if (gone()) return undefined;
  const line = ({ tma_id, student_id, passages, words }) =>
    h("li", null, `${plural(passages.length, "passage")} (${plural(words, "word")}) shared with `, h("a", { href: `#/alike/${id}/${tma_id}`, title: student_id }, `${student(student_id)}, side by side`));
  fill(place, others.length ? [h("ul", null, others.map(line)), h("p.small", null, REASONS)] : "");
  return others.length;
}

export function show(main, id, otherId) {
  const view = new View(main, id, otherId);
  view.load();
  return () => {
    view.gone = true;
  };
}

class View {
  constructor(main, id, otherId) {
    Object.assign(this, { main, id, otherId, gone: false, at: -1 });
  }

  async load() {
    const { main, id, otherId } = this;
    fill(main, h("h1", null, "Text in common"), h("p.muted", { role: "status" }, "Loading …"));
    try {
      const [one, other, others] = await Promise.all([get(`/api/tmas/${id}`), get(`/api/tmas/${otherId}`), found(id)]);
      if (this.gone) return;
      const pair = others.find(({ tma_id }) => tma_id === otherId);
      if (!pair || !one.content?.parsed || !other.content?.parsed) return this.nothing("These two have no text in common any more.");
      this.build(one, other, pair);
    } catch (fault) {
      if (this.gone || fault.status === 401) return;
      this.nothing(fault.message);
    }
  }

  nothing(why) {
    fill(this.main, this.crumbs(), h("h1", null, "Text in common"), h("p.error", { role: "alert" }, why));
  }

  crumbs() {
    return h("nav.crumbs", { "aria-label": "Place" }, h("a", { href: "#/queue" }, "Queue"), h("a", { href: `#/tma/${this.id}` }, "Back to the TMA"));
  }

  build(one, other, pair) {
    // In the order of the text that is read first.
    const passages = [...pair.passages].sort((a, b) => a.start - b.start);
    this.passages = passages;
    const [left, right] = [this.paper(one, passages.map(({ start, end, words }) => ({ start, end, words })), 1), this.paper(other, passages.map(({ other_start: start, other_end: end, words }) => ({ start, end, words })), 0)];
    this.texts = [left, right].map((paper) => paper.querySelector(".text"));
    const choose = (passage, at) => h("button", { type: "button", "aria-pressed": "false", onclick: () => this.go(at) }, `${at + 1}: ${plural(passage.words, "word")}`);
    this.list = h("div.passages", { role: "group", "aria-label": "Passages in common" }, passages.map(choose));
    fill(
      this.main,
      h(
        "div.head",
        null,
        this.crumbs(),
        h("h1", null, "Text in common"),
        h("p.muted", null, `${plural(passages.length, "passage")}, ${plural(pair.words, "word")}: ${Math.round(pair.share * 100)} % of the shorter text. ${REASONS}`),
      ),
      this.list,
      h("div.pair", null, left, right),
    );
    bindings.add("n", "Next passage", () => this.go(Math.min(this.at + 1, passages.length - 1)));
    bindings.add("p", "Previous passage", () => this.go(Math.max(this.at - 1, 0)));
    bindings.add("u", "Back to the TMA", () => (location.hash = `#/tma/${this.id}`));
    document.title = `Text in common, ${one.assignment_id} · AWAP`;
  }

  /** One text with its passages marked. A number beside a passage leads to the same in the text `across`. */
  paper(tma, spans, across) {
    const evidence = spans.map((span, at) => ({ ...span, number: at + 1, title: "In common", label: `Passage ${at + 1}: to the other text` }));
    const text = h("article.text", { lang: "en" }, textOf(tma.content, evidence, (number) => this.go(number - 1, across)));
    const link = h("a", { href: `#/tma/${tma.id}`, title: tma.student_id }, student(tma.student_id));
    return h("section.paper", { tabindex: "0", "aria-label": `Text of ${student(tma.student_id)}, anonymized` }, h("h2", null, link, h("span.muted.small", null, ` ${tma.assignment_id}`)), text);
  }

  /** Shows passage `at` in both texts, with the focus in the text `within`, if in any. */
  go(at, within) {
    this.at = at;
    [...this.list.children].forEach((button, i) => button.setAttribute("aria-pressed", String(i === at)));
    this.texts.forEach((text, i) => {
      const marks = [...text.querySelectorAll("mark.evidence")];
      for (const mark of marks) mark.classList.toggle("lit", mark.dataset.n.includes(` ${at + 1} `));
      const first = marks.find((mark) => mark.dataset.n.includes(` ${at + 1} `));
      if (!first) return;
      first.scrollIntoView({ block: "center" });
      if (i !== within) return;
      first.tabIndex = -1;
      first.focus({ preventScroll: true });
    });
    say(`Passage ${at + 1} of ${this.passages.length}, ${plural(this.passages[at].words, "word")}.`);
  }
}
