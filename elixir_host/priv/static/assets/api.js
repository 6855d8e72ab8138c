// Talks to the host. Holds the credential: a token in the tab's own storage, the API key in memory alone, never in an address.

const STORE = "awap.session";

/** An answer that is an error, or none at all (`status` 0), in a sentence for a person. */
export class Fault extends Error {
  constructor(status, code, message, details = {}, retryAfter = 0) {
    super(message);
    Object.assign(this, { status, code, details, retryAfter, fields: details.fields ?? {} });
  }
}

/** Who is signed in: `credential`, `subject`, `role`, `expires` (milliseconds), `name` for reviews; null where nobody is. */
export let session = stored();
let key = null;
let renewal = null;
const listeners = new Set();

/** Tells `listener` when who is signed in changes. */
export const onSession = (listener) => listeners.add(listener);

function stored() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(STORE));
    return kept && kept.expires > Date.now() ? kept : null;
  } catch {
    return null;
  }
}

function keep(next) {
  session = next;
  if (next) sessionStorage.setItem(STORE, JSON.stringify(next));
  else sessionStorage.removeItem(STORE);
  clearTimeout(renewal);
  if (next && key) renewal = setTimeout(renew, Math.max(next.expires - Date.now() - 60_000, 1_000));
  for (const listener of listeners) listener(next);
}

/** Signs in with an API key, which is exchanged for a token that lasts an hour, or with a token as it is. */
export async function signIn(credential, name) {
  const { begun, isKey } = await begin(credential, name);
  if (isKey) key = credential;
  keep(begun);
}

/** A session with `credential`, which is not taken up yet. */
async function begin(credential, name) {
  const answer = await send("POST", "/api/tokens", {}, credential);
  if (answer.status === 200) {
    const token = answer.body;
    return { isKey: true, begun: { credential: token.access_token, subject: claimsOf(token.access_token).sub, role: token.role, name, expires: Date.parse(token.expires_at) } };
  }
  if (answer.status !== 403) throw fault(answer);
  // A token begets no token: it is used as it is, once the host has taken it.
  const probe = await send("GET", "/api/tmas?limit=1", {}, credential);
  if (probe.status !== 200) throw fault(probe);
  const claims = claimsOf(credential);
  return { isKey: false, begun: { credential, subject: claims.sub, role: claims.role, name, expires: (claims.exp ?? 0) * 1000 || Date.now() + 3_600_000 } };
}

async function renew() {
  const mine = session;
  // Whoever signs out, or signs in as somebody else, while this is on its way has the last word.
  const current = () => session === mine;
  try {
    const { begun } = await begin(key, mine?.name);
    if (current()) keep(begun);
  } catch (error) {
    if (!current()) return;
    if (error.status === 401) signOut();
    else renewal = setTimeout(renew, 5_000);
  }
}

function claimsOf(token) {
  try {
    const bytes = Uint8Array.from(atob(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return {};
  }
}

/** Signs out. What was not saved stays for when the same person signs in again, as after a token that has run out. */
export function signOut() {
  key = null;
  keep(null);
}

/** The headers of a request as whoever is signed in. */
export const authorization = () => ({ authorization: `Bearer ${session?.credential}` });

async function send(method, path, { json, signal, binary } = {}, credential) {
  const headers = { authorization: `Bearer ${credential}`, accept: binary ? "*/*" : "application/json" };
  if (json !== undefined) headers["content-type"] = "application/json";
  let response;
  try {
    const body = json === undefined ? undefined : JSON.stringify(json);
    response = await fetch(path, { method, headers, body, signal, cache: "no-store", credentials: "omit" });
    if (binary && response.ok) return { status: response.status, body: await response.blob(), headers: response.headers };
    const text = await response.text();
    return { status: response.status, body: text ? JSON.parse(text) : null, headers: response.headers };
  } catch (error) {
    if (error.name === "AbortError") throw error;
    if (response) throw new Fault(response.status, "unreadable", "The host’s answer could not be read.");
    throw new Fault(0, "offline", "The host does not answer. What you have written is kept here; try again in a moment.");
  }
}

/** The error that an answer holds. */
export function fault({ status, body, headers }) {
  const error = body?.error ?? {};
  const after = Number(headers?.get?.("retry-after")) || 0;
  return new Fault(status, error.code, error.message ?? `The host answered ${status}.`, error.details, after);
}

/** A request as whoever is signed in; the decoded body of its answer, or a `Fault`. */
export async function call(method, path, options) {
  const used = session?.credential;
  const answer = await send(method, path, options, used);
  if (answer.status === 401 && session?.credential === used) {
    signOut();
    throw new Fault(401, "unauthorized", "You were signed out: the key or token holds no longer.");
  }
  if (answer.status >= 400) throw fault(answer);
  return answer.body;
}

export const get = (path, options) => call("GET", path, options);
/** What is not JSON, as a Blob. */
export const file = (path) => call("GET", path, { binary: true });

/** Random and long enough to be nobody else’s; `crypto.randomUUID` is not there without TLS. */
export function randomId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
