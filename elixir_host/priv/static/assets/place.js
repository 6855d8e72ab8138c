// Where in a rubric’s text, JSON or YAML, a fault lies that the core names by its path.

import { h } from "./dom.js";

/** The part of `text` that is at fault, as `[start, end]`: the line that the message names, or the last of the path that is there. */
export function placeOf(text, [path, message]) {
  const line = /line (\d+)/.exec(message);
  if (line) return lineAt(text, Number(line[1]));
  const steps = [...path.matchAll(/([^.[\]]+)|\[(\d+)\]/g)].map(([, key, index]) => key ?? Number(index)).slice(1);
  if (!steps.length) return null;
  return /^\s*[{[]/.test(text) ? inJson(text, steps) : inYaml(text, steps);
}

function lineAt(text, number) {
  const starts = [0, ...[...text.matchAll(/\n/g)].map((match) => match.index + 1)];
  const start = starts[Math.min(number, starts.length) - 1];
  const end = text.indexOf("\n", start);
  return [start, end < 0 ? text.length : end];
}

function inJson(text, steps) {
  let i = 0;
  let found = null;
  const space = () => {
    while (i < text.length && " \t\r\n,:".includes(text[i])) i++;
  };
  const string = () => {
    const from = i++;
    while (i < text.length && text[i] !== '"') i += text[i] === "\\" ? 2 : 1;
    return text.slice(from + 1, i++);
  };
  // `depth` steps of the path lead here; -1 where this is beside it.
  const value = (depth) => {
    space();
    const close = { "{": "}", "[": "]" }[text[i]];
    if (!close) return text[i] === '"' ? string() : (i += /^[^\s,\]}]*/.exec(text.slice(i))[0].length || 1);
    const list = text[i++] === "[";
    for (let n = 0; ; n++) {
      space();
      if (i >= text.length || text[i] === close) return i++;
      const from = i;
      const name = list ? n : text[i] === '"' ? string() : (i++, null);
      const on = depth >= 0 && depth < steps.length && name === steps[depth];
      if (!list) space();
      const at = i;
      value(on ? depth + 1 : -1);
      // The innermost is done first, and stays.
      if (on) found ??= [list ? at : from, i];
    }
  };
  value(0);
  return found;
}

function inYaml(text, steps) {
  const tokens = tokensOf(text);
  let [from, to] = [0, tokens.length];
  let found = null;
  for (const step of steps) {
    const { indent } = tokens[from] ?? {};
    const here = tokens.slice(from, to).filter((token) => token.indent === indent && (typeof step === "number" ? token.entry : token.key === step));
    const token = typeof step === "number" ? here[step] : here[0];
    if (!token) return found;
    found = token.place;
    from = tokens.indexOf(token) + 1;
    // Entries of a list may stand as far left as the key that they belong to.
    const end = tokens.findIndex((next, at) => at >= from && at < to && (next.indent < token.indent || (next.indent === token.indent && !(token.key !== undefined && next.entry))));
    if (end >= 0) to = end;
  }
  return found;
}

function tokensOf(text) {
  const tokens = [];
  for (const { 0: line, index } of text.matchAll(/^[^\n]*$/gm)) {
    let [, space, rest] = /^( *)(.*)$/.exec(line);
    let indent = space.length;
    if (!rest.trim() || rest.startsWith("#")) continue;
    const place = [index + indent, index + line.trimEnd().length];
    for (let dash; (dash = /^-(\s+|$)/.exec(rest)); rest = rest.slice(dash[0].length)) {
      tokens.push({ indent, entry: true, place });
      indent += dash[0].length;
    }
    const key = /^(["']?)([^"':#]+)\1\s*:(\s|$)/.exec(rest);
    if (key) tokens.push({ indent, key: key[2].trim(), place });
  }
  return tokens;
}

/** Faults, each with the lines of `text` around its place. `list` has pairs of path and message. */
export function faultsIn(text, list) {
  const one = ([path, message]) => {
    const place = placeOf(text, [path, message]);
    const name = path.replace(/^rubric\.?/, "");
    const said = message.includes(path) || !name ? message : [h("code", null, name), ": ", message];
    return h("li", null, said, place ? excerpt(text, place) : "");
  };
  return h("ul.error.faults", null, list.map(one));
}

function excerpt(text, [start, end]) {
  const lines = text.split("\n");
  const at = text.slice(0, start).split("\n").length;
  const last = Math.min(text.slice(0, end).split("\n").length, at + 2);
  const numbers = Array.from({ length: last - at + 3 }, (_, n) => at - 1 + n).filter((n) => n >= 1 && n <= lines.length);
  const line = (n) => h(n >= at && n <= last ? "span.line.at" : "span.line", null, h("span.no", null, String(n)), lines[n - 1].slice(0, 200) || " ");
  return h("pre.excerpt", { tabindex: "0", "aria-label": at === last ? `Line ${at}` : `Lines ${at} to ${last}` }, numbers.map(line));
}
