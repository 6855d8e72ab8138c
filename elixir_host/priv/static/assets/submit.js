// Handing TMAs in: files dropped or chosen, a rubric for all of them, the progress of each.

import { authorization, call, fault as faultOf, randomId } from "./api.js";
import { fill, h, say } from "./dom.js";
import { STAGE, STATUS, plural } from "./format.js";
import { follow, onStatus, unfollow } from "./live.js";
import { faultsIn } from "./place.js";
import * as shelf from "./shelf.js";

const TYPES = ".docx,.docm,.dotx,.pdf,.odt,.rtf,.md,.markdown,.html,.htm,.txt";
const AT_ONCE = 2;
// Kept while the page is open: whoever looks at the queue meanwhile finds the files as they were.
const files = [];
// `rubric` is the name of one that the host keeps; `own` is one from a file, `name` and `text`.
const chosen = { rubric: "", own: null, assignment: "", course: "" };
const OWN = "\u0000own";

export function show(main) {
  const list = h("ol.files");
  const input = h("input", { type: "file", id: "files", multiple: true, accept: TYPES, onchange: () => (add(input.files), (input.value = "")) });
  const drop = h("div.drop", null, h("p", null, h("label", { for: "files" }, "Choose files"), input), h("p.muted.small", null, "or drop them here: Word, PDF, OpenDocument, RTF, Markdown, HTML or plain text"));
  const rubric = h("select", { id: "rubric", onchange: () => (chosen.rubric = rubric.value) });
  const own = h("input", { type: "file", id: "own-rubric", accept: ".json,.yaml,.yml,application/json,text/yaml", onchange: () => own.files.length && takeRubric(own.files[0]) });
  const faults = h("div", { role: "alert" });
  const field = (name, label, hint) =>
    h("div.field", null, h("label", { for: name }, label), h("input", { id: name, maxlength: 255, value: chosen[name], placeholder: hint, oninput: (event) => (chosen[name] = event.target.value) }));
  const send = h("button.primary", { type: "button", onclick: () => start() }, "Hand in");
  fill(
    main,
    h("div.head", null, h("h1", null, "Submit")),
    h(
      "div.form",
      null,
      h("div.field", null, h("label", { for: "rubric" }, "Rubric"), rubric, h("p.muted.small", null, "Of the ", h("a", { href: "#/rubrics" }, "rubrics of this host"), ".")),
      h("div.field", null, h("label", { for: "own-rubric" }, "or a rubric from a file"), own),
      field("assignment", "Assignment", "the rubric’s"),
      field("course", "Module", "the rubric’s"),
    ),
    faults,
    drop,
    h("p.muted.small", null, "What you say of a student is used to take them out of the text, and sealed. Whoever is not named is found less well."),
    list,
    send,
  );
  let kept = [];
  const drawRubrics = () => {
    const option = (value, label) => h("option", { value }, label);
    fill(rubric, option("", "None: what any essay needs"), chosen.own ? option(OWN, `${chosen.own.name} (this file)`) : "", kept.map(({ name }) => option(name, name)));
    const there = chosen.rubric === OWN ? chosen.own : kept.some(({ name }) => name === chosen.rubric);
    rubric.value = there ? chosen.rubric : "";
  };
  drawRubrics();
  shelf.all().then(
    (all) => {
      kept = all;
      drawRubrics();
    },
    (fault) => fault.status !== 401 && fill(faults, h("p.error", null, fault.message)),
  );

  /** A rubric from a file, for what is handed in now: looked over before anything is sent. */
  async function takeRubric(file) {
    const text = await file.text();
    own.value = "";
    fill(faults);
    try {
      await call("POST", "/api/rubrics/check", { json: { rubric: text } });
      chosen.own = { name: file.name, text };
      chosen.rubric = OWN;
      drawRubrics();
    } catch (fault) {
      if (fault.status !== 401) refuseRubric(file.name, text, fault);
    }
  }

  function refuseRubric(name, text, fault) {
    const fields = Object.entries(fault.fields).filter(([path]) => path.startsWith("rubric"));
    fill(faults, h("p.error", null, `The rubric in ${name} cannot be used.`), faultsIn(text, fields.length ? fields : [["", fault.message]]));
  }

  async function rubricText() {
    if (chosen.rubric === OWN) return chosen.own.text;
    return rubric.value ? (await shelf.find(rubric.value)).text : undefined;
  }

  const places = new Map();
  const place = (entry) => (places.set(entry, entryOf(entry)), places.get(entry));
  /** Draws one file anew, or all: what is typed about one must not be cut off by the progress of another. */
  const draw = (entry) => {
    const old = entry && places.get(entry);
    if (old?.isConnected) old.replaceWith(place(entry));
    else fill(list, files.map(place));
    send.hidden = !files.some((file) => file.state === "chosen");
  };
  const add = (chosenFiles) => {
    for (const file of chosenFiles) {
      const entry = { file, key: randomId(), state: "chosen", student_id: "", student_name: "", sent: 0 };
      files.push(entry);
      list.append(place(entry));
    }
    send.hidden = !files.some((file) => file.state === "chosen");
  };
  const over = (event) => {
    event.preventDefault();
    drop.classList.toggle("over", event.type === "dragover");
    if (event.type === "drop") add(event.dataTransfer.files);
  };
  for (const type of ["dragover", "dragleave", "drop"]) main.addEventListener(type, over);

  async function start() {
    fill(faults);
    const waiting = files.filter((file) => file.state === "chosen" || file.state === "refused");
    const name = rubric.selectedOptions[0].textContent;
    let text;
    try {
      text = await rubricText();
    } catch (fault) {
      if (fault.status !== 401) fill(faults, h("p.error", null, fault.message));
      return;
    }
    for (const file of waiting) file.state = "waiting";
    draw();
    const one = async () => {
      for (let file; (file = waiting.shift()); ) {
        const fault = await upload(file, text, draw);
        if (text && Object.keys(fault?.fields ?? {}).some((path) => path.startsWith("rubric"))) refuseRubric(name, text, fault);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, one));
    const refused = files.filter((file) => file.state === "refused").length;
    say(refused ? `${plural(refused, "file")} could not be handed in.` : "All are handed in.");
  }

  function entryOf(entry) {
    const { file, state } = entry;
    const n = files.indexOf(entry) + 1;
    const who = (name, label) => h("div.field", null, h("label.small", { for: `${name}-${n}` }, label), h("input", { id: `${name}-${n}`, maxlength: 255, autocomplete: "off", value: entry[name], oninput: (event) => (entry[name] = event.target.value) }));
    const again = () => {
      entry.state = "chosen";
      draw();
    };
    const body = {
      chosen: () => h("div.form", null, who("student_id", "Student’s identifier"), who("student_name", "Student’s name"), h("button.quiet", { type: "button", onclick: () => (files.splice(n - 1, 1), draw()), "aria-label": `Leave out ${file.name}` }, "Leave out")),
      waiting: () => h("p.muted.small", null, "Waits to be sent"),
      sending: () => h("progress", { max: 100, value: entry.sent, "aria-label": `Sending ${file.name}` }),
      refused: () => [h("ul.error", { role: "alert" }, entry.faults.map((text) => h("li", null, text))), h("button", { type: "button", onclick: again, "aria-label": `Change and try again: ${file.name}` }, "Change and try again")],
      sent: () => h("p.small", { role: "status" }, h("span.status", { class: entry.status }, STAGE[entry.stage] ?? STATUS[entry.status]), entry.error ? ` ${entry.error}` : "", " ", h("a", { href: `#/tma/${entry.id}` }, "Open")),
    };
    return h("li.file", null, h("p.name", null, file.name, " ", h("span.muted.small", null, size(file.size))), body[state]());
  }

  const off = onStatus((tma) => {
    const entry = files.find((file) => file.id === tma.id);
    if (!entry) return;
    Object.assign(entry, { status: tma.status, stage: tma.status === "processing" ? tma.stage : null, error: tma.error?.message });
    if (tma.status === "completed" || tma.status === "failed") unfollow(tma.id);
    draw(entry);
  });
  draw();
  return () => {
    off();
    for (const type of ["dragover", "dragleave", "drop"]) main.removeEventListener(type, over);
  };
}

const size = (bytes) => (bytes < 1_048_576 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / 1_048_576).toFixed(1)} MB`);

/** Hands a file in; the fault where it is refused. */
function upload(entry, rubric, draw) {
  const form = new FormData();
  form.append("file", entry.file);
  const text = { rubric, assignment_id: chosen.assignment, course_id: chosen.course, student_id: entry.student_id, student_name: entry.student_name };
  for (const [name, value] of Object.entries(text)) if (value?.trim()) form.append(name, value.trim());
  return new Promise((resolve) => {
    // Only this way does a browser say how far an upload is.
    const request = new XMLHttpRequest();
    request.open("POST", "/api/tmas");
    request.setRequestHeader("authorization", authorization().authorization);
    request.setRequestHeader("idempotency-key", entry.key);
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => {
      entry.sent = Math.round((loaded / total) * 100);
      draw(entry);
    };
    request.onloadend = () => {
      let fault = null;
      if (request.status === 201) {
        Object.assign(entry, { state: "sent", id: request.response.id, status: "pending" });
        follow(entry.id);
      } else {
        fault = request.status ? faultOf({ status: request.status, body: request.response }) : null;
        const fields = Object.entries(fault?.fields ?? {}).map(([name, message]) => (message.includes(name) ? message : `${name} ${message}`));
        const offline = "The host does not answer. Try again: a file that had arrived is not handed in twice.";
        // What is put right is another request.
        if (request.status === 409 || request.status === 422) entry.key = randomId();
        Object.assign(entry, { state: "refused", faults: fault ? (fields.length ? fields : [fault.message]) : [offline] });
      }
      draw(entry);
      resolve(fault);
    };
    entry.state = "sending";
    draw(entry);
    request.send(form);
  });
}
