// What a TMA's view tells above the criteria: one message a topic, so that a lesser does not take the place of a graver.

import { h } from "./dom.js";

export class Banner {
  element = h("div.banner", { role: "alert" });
  told = new Map();

  /** Says `text`, with a button for each `[label, run]`, in place of what was told of the same topic. */
  tell(topic, text, buttons = []) {
    const message = h("div", null, h("p", null, text), h("div.row", null, buttons.map(([label, run]) => h("button", { type: "button", onclick: run }, label))));
    const before = this.told.get(topic);
    if (before) before.replaceWith(message);
    else this.element.append(message);
    this.told.set(topic, message);
  }

  /** Takes away what was told of these topics. */
  drop(...topics) {
    for (const topic of topics) {
      this.told.get(topic)?.remove();
      this.told.delete(topic);
    }
  }
}
