// A rubric as its outline says: questions, criteria with their levels and points, what is taken off or added.

import { h } from "./dom.js";
import { marks } from "./format.js";

/** Elements for the outline that the core gives of a rubric. */
export function outlineOf(outline) {
  const criterion = (one) =>
    h(
      "li",
      null,
      h("p", null, h("strong", null, one.title), " ", h("span.muted", null, marks(one.max_mark)), one.human ? h("span.flag", null, "For you to mark") : ""),
      one.description ? h("p.small", null, one.description) : "",
      one.levels.length ? h("ul.small.plain", null, one.levels.map(({ score, definition }) => h("li", null, `${marks(score)} – ${definition}`))) : "",
      one.points.length ? h("ul.small", null, one.points.map(([, label]) => h("li", null, label))) : "",
    );
  const question = (one) => h("section", null, h("h3", null, `Question ${one.id} `, h("span.muted", null, marks(one.max_mark))), one.prompt ? h("p.prompt", null, one.prompt) : "", h("ol.plain", null, one.criteria.map(criterion)));
  return [
    h("h2", null, outline.rubric_id),
    h("p.muted", null, `${marks(outline.max_mark)} marks`, outline.limit_words ? `, ${outline.limit_words} words` : "", " · ", outline.bands.map(({ name, min }) => `${name} from ${marks(min)}`).join(", ")),
    outline.questions.map(question),
    outline.common_errors.length ? [h("h3", null, "Common errors"), h("ul", null, outline.common_errors.map(({ text, marks: n }) => h("li", null, `${text} (−${marks(n)})`)))] : "",
    outline.bonus_points.length ? [h("h3", null, "Bonus points"), h("ul", null, outline.bonus_points.map(({ text, marks: n }) => h("li", null, `${text} (+${marks(n)})`)))] : "",
  ];
}
