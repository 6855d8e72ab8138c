// Signing in with an API key or a token.

import { signIn } from "./api.js";
import { fill, h } from "./dom.js";

const NAME = "awap.reviewer";

export function show(main) {
  const key = h("input", { id: "key", type: "password", required: true, autocomplete: "off", spellcheck: "false", autocapitalize: "off" });
  const name = h("input", { id: "name", type: "text", autocomplete: "name", maxlength: 255, value: localStorage.getItem(NAME) ?? "" });
  const error = h("p.error", { role: "alert", id: "key-error" });
  const button = h("button.primary", { type: "submit" }, "Sign in");
  const submit = async (event) => {
    event.preventDefault();
    error.textContent = "";
    const credential = key.value.trim();
    if (!/^[\x21-\x7e]+$/.test(credential)) return refuse("A key or token has no spaces or accents in it. Copy it whole.");
    button.disabled = true;
    try {
      localStorage.setItem(NAME, name.value.trim());
      await signIn(credential, name.value.trim());
    } catch (fault) {
      refuse(fault.status === 401 ? "This key or token is not known here. Check that it was copied whole." : fault.message);
    } finally {
      button.disabled = false;
    }
  };
  const refuse = (text) => {
    error.textContent = text;
    key.setAttribute("aria-invalid", "true");
    key.setAttribute("aria-describedby", "key-error");
    key.focus();
  };
  fill(
    main,
    h(
      "form.signin",
      { onsubmit: submit },
      h("h1", null, "Sign in"),
      h("p", null, "AWAP reads and drafts. You decide."),
      h("label", { for: "key" }, "API key or token"),
      key,
      error,
      h("label", { for: "name" }, "Your name, for what you approve ", h("span.muted", null, "(optional)")),
      name,
      button,
      h("p.muted.small", null, "The key stays in this tab. Approvals bear your name; without one, the name of the key."),
    ),
  );
  key.focus();
}
