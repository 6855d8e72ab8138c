// How the grade of a TMA that came from Moodle is on its way back.

import { call, get } from "./api.js";
import { h, say } from "./dom.js";
import { UPLOAD, marks } from "./format.js";

/** Shows the latest upload at the end of `place`, in place of what was shown before. */
export async function moodleOf(id, place, gone) {
  const page = await get(`/api/moodle/outbox?tma_id=${id}&limit=1`).catch(() => null);
  const upload = page?.uploads[0];
  if (gone() || !page) return;
  place.querySelector(".moodle")?.remove();
  place.append(h("div.moodle", null, upload ? stateOf(upload, () => moodleOf(id, place, gone)) : h("p.small.muted", null, "To approve it sends the grade to Moodle.")));
}

function stateOf(upload, again) {
  const retry = async (overwrite) => {
    try {
      await call("POST", `/api/moodle/outbox/${upload.id}/retry${overwrite ? "?overwrite=true" : ""}`);
      await again();
    } catch (fault) {
      say(fault.message);
    }
  };
  const button = (label, overwrite) => h("button", { type: "button", onclick: () => retry(overwrite) }, label);
  return [
    h("p.small", null, h(`span.flag${upload.state === "conflict" || upload.state === "failed" ? ".warn" : ""}`, null, UPLOAD[upload.state] ?? upload.state), ` mark ${marks(upload.grade)}`),
    upload.error_message ? h("p.small.muted", null, upload.error_message) : "",
    upload.state === "conflict" ? button("Send ours all the same", true) : upload.state === "failed" ? button("Send again", false) : "",
  ];
}
