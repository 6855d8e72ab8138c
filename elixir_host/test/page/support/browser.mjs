// Debian's Chromium, and tutors in it: each with a profile of their own, watched for whatever a page must not do.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";
import { PATIENCE } from "./host.mjs";

export const CHROMIUM = [process.env.AWAP_CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser"].find((path) => path && existsSync(path));
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const launch = () => chromium.launch({ executablePath: CHROMIUM, args: ["--disable-gpu", "--disable-dev-shm-usage"] });

/** Somebody with a browser of their own. `faults` holds what their page did that none may do. */
export class Tutor {
  static async arrive(browser, host, { name = "", key = host.key, ...options } = {}) {
    const tutor = new Tutor();
    Object.assign(tutor, { host, key, name, faults: [], requests: 0 });
    tutor.context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: "en-GB", reducedMotion: "reduce", ...options });
    tutor.context.setDefaultTimeout(PATIENCE);
    tutor.page = await tutor.context.newPage();
    tutor.watch();
    await tutor.page.goto(host.url);
    return tutor;
  }

  watch() {
    const { page, host, faults, key } = this;
    page.on("dialog", async (dialog) => {
      // A page that is left with unsaved changes asks whether to leave: that is as it should be.
      if (dialog.type() !== "beforeunload") faults.push(`a dialog: ${dialog.message()}`);
      await dialog.accept();
    });
    page.on("pageerror", (error) => faults.push(`an error: ${error.message}`));
    page.on("console", (message) => {
      if (message.type() === "error" && !this.expected?.test(message.text())) faults.push(`on the console: ${message.text()}`);
    });
    page.on("request", (request) => {
      const url = request.url();
      this.requests += 1;
      if (!url.startsWith(`${host.url}/`) && !/^(data|blob):/.test(url)) faults.push(`a request to ${url}`);
      if (url.includes(key)) faults.push("the key in an address");
    });
  }

  /** What the browser itself writes on the console while `work` is done, and no fault of the page's. */
  async expecting(pattern, work) {
    this.expected = pattern;
    try {
      return await work();
    } finally {
      this.expected = null;
    }
  }

  async signIn() {
    const { page } = this;
    await page.getByLabel("API key or token").fill(this.key);
    await page.getByLabel(/^Your name/).fill(this.name);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Queue", level: 1 }).waitFor();
    await this.live();
  }

  live = () => this.page.locator("#live.on").waitFor();

  async open(id) {
    await this.go(`tma/${id}`);
    await this.page.locator(".desk .criterion").first().waitFor();
  }

  /** Shows a view, and waits until its heading is there. */
  async go(view) {
    await this.page.evaluate((hash) => (location.hash = hash), `#/${view}`);
    await this.page.locator(`main.view-${view.split("/")[0]} h1`).waitFor();
  }

  /** Waits until `test`, run in the page with `value`, is true. */
  until = (test, value) => this.page.waitForFunction(test, value, { polling: 50 });

  /** Nothing that the page has done so far is a fault. */
  blameless(when) {
    assert.deepEqual(this.faults, [], `faults of the page ${when}`);
  }

  /** Holds up the answer to the next request to `address` by `method`: `arrived` once it is there, `release()` lets it through. */
  async hold(address, method) {
    let [seen, free, passed] = [];
    const arrived = new Promise((done) => (seen = done));
    const freed = new Promise((done) => (free = done));
    const gone = new Promise((done) => (passed = done));
    const handle = async (route) => {
      if (route.request().method() !== method) return route.fallback();
      const response = await route.fetch();
      seen();
      await freed;
      await route.fulfill({ response });
      passed();
    };
    await this.page.route(address, handle, { times: 1 });
    const release = async () => {
      free();
      await gone;
    };
    return { arrived, release };
  }

  /** Serious and critical violations of WCAG 2.2 AA that axe-core finds in what is shown, in short. */
  async violations() {
    await this.page.evaluate(`window.axe || (() => { ${axe} })()`);
    const { violations } = await this.page.evaluate(() =>
      axe.run(document, { resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }),
    );
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ target, failureSummary }) => `${target.join(" ")} – ${failureSummary.replace(/\s+/g, " ")}`).join("; ")}`);
  }

  /** The page does not scroll sideways. */
  async fits(what) {
    const [wide, room, widest] = await this.page.evaluate(() => {
      const room = document.documentElement.clientWidth;
      const past = [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > room + 1);
      const name = (one) => `${one.tagName.toLowerCase()}.${one.className}`;
      return [document.documentElement.scrollWidth, room, past.slice(0, 5).map(name)];
    });
    assert.ok(wide <= room, `${what} is ${wide} px wide where there are ${room}: ${widest.join(", ")}`);
  }

  leave = () => this.context.close();
}
