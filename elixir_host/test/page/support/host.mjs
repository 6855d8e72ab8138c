// A whole host in a process of its own, on SQLite and the Port, as a user runs it: started, spoken to, stopped and started again.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../../../..");
const TARGET = process.env.CARGO_TARGET_DIR ?? join(ROOT, "target");
// Long for a machine that does much else: only a test that fails waits so long.
export const PATIENCE = Number(process.env.AWAP_PATIENCE_SECONDS ?? 90) * 1000;

export const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** Calls `look` until it gives something that is true, and gives that; an error says `what` did not come. */
export async function until(what, look) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > end) throw new Error(`${what} did not come about within ${PATIENCE / 1000} s`);
    await pause(50);
  }
}

function freePort() {
  return new Promise((done, fail) => {
    const server = createServer();
    server.on("error", fail);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

export class Host {
  /** Starts a host with `env` on top of what it needs, and waits until it answers. */
  static async start(env = {}) {
    const host = new Host();
    host.data = mkdtempSync(join(tmpdir(), "awap-page-"));
    host.port = await freePort();
    host.url = `http://127.0.0.1:${host.port}`;
    const profile = process.env.AWAP_PROFILE === "release" ? "release" : "debug";
    host.env = {
      ...process.env,
      MIX_ENV: "dev",
      MIX_BUILD_PATH: join(ROOT, "elixir_host/_build/end_to_end_port"),
      PORT: String(host.port),
      AWAP_DATA_DIR: host.data,
      AWAP_CORE_MODE: "port",
      CORE_EXECUTABLE: join(TARGET, profile, "awap-port"),
      AWAP_STORE_EXECUTABLE: join(TARGET, profile, "awap-store"),
      // It is the page that is tried, not how much one caller may ask of the host.
      AWAP_RATE_LIMIT: "1000000",
      AWAP_QUEUE_LIMIT: "1000000",
      ...env,
    };
    for (const name of ["DATABASE_URL", "AI_CONTAINER_IMAGE", "MOODLE_BASE_URL"]) delete host.env[name];
    // Whatever ends this process, no host is left behind.
    process.once("exit", () => host.process.kill("SIGKILL"));
    await host.launch();
    host.key = readFileSync(join(host.data, "secrets", "api_key"), "utf8").trim();
    return host;
  }

  /** Starts it, or starts it again on the same port and data. */
  async launch() {
    const log = openSync(join(this.data, "host.log"), "a");
    const command = ["--no-halt", "-S", "mix", "run", "--no-compile", "--no-deps-check"];
    this.process = spawn("elixir", command, { cwd: join(ROOT, "elixir_host"), env: this.env, stdio: ["ignore", log, log] });
    this.ended = new Promise((done) => this.process.once("exit", done));
    await until("an answer of the host", async () => {
      if (this.process.exitCode !== null) throw new Error(`The host stopped at start:\n${this.log().slice(-2000)}`);
      return fetch(`${this.url}/api/health`).then((answer) => answer.ok, () => false);
    });
  }

  /** Ends it as an operator would. */
  async stop() {
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill("SIGTERM");
    await this.ended;
  }

  async remove() {
    await this.stop();
    rmSync(this.data, { recursive: true, force: true });
  }

  log() {
    const path = join(this.data, "host.log");
    return existsSync(path) ? readFileSync(path, "utf8") : "";
  }

  /** A request as the administrator; the decoded body of an answer that is no error. */
  async call(method, path, json) {
    const headers = { authorization: `Bearer ${this.key}`, ...(json && { "content-type": "application/json" }) };
    const answer = await fetch(this.url + path, { method, headers, body: json && JSON.stringify(json) });
    const body = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${body.slice(0, 500)}`);
    return JSON.parse(body);
  }

  /** Hands in a document with `fields` beside it; its id once it is marked. */
  async submit(name, bytes, fields = {}) {
    const form = new FormData();
    form.append("file", new Blob([bytes]), name);
    for (const [field, value] of Object.entries(fields)) form.append(field, value);
    const answer = await fetch(`${this.url}/api/tmas`, { method: "POST", headers: { authorization: `Bearer ${this.key}` }, body: form });
    const body = await answer.json();
    if (answer.status !== 201) throw new Error(`POST /api/tmas: ${answer.status} ${JSON.stringify(body).slice(0, 500)}`);
    return this.marked(body.id);
  }

  /** Hands in a fixture; its id once it is marked. */
  submitFixture(name) {
    const { path, file, rubricText, student, ...ids } = fixture(name);
    const { assignment_id, course_id, student_id } = ids;
    return this.submit(file, readFileSync(path), { rubric: rubricText, assignment_id, course_id, student_id, student_name: student.name });
  }

  async marked(id) {
    const tma = await until(`the end of TMA ${id}`, async () => {
      const row = await this.call("GET", `/api/tmas/${id}`);
      return (row.status === "completed" || row.status === "failed") && row;
    });
    if (tma.status === "failed") throw new Error(`TMA ${id} failed: ${tma.error_message}`);
    return id;
  }

  feedback(id) {
    return this.call("GET", `/api/feedback/${id}`);
  }
}

/** A fixture: the path of its document, and what is known of it. */
export function fixture(name) {
  const folder = join(ROOT, "fixtures/tmas", name);
  const tma = JSON.parse(readFileSync(join(folder, "tma.json"), "utf8"));
  const rubric = join(ROOT, "fixtures/rubrics", tma.rubric);
  return { ...tma, path: join(folder, tma.file), rubricPath: rubric, rubricText: readFileSync(rubric, "utf8") };
}
