// Measures the page in Chromium, on a machine that should be quiet: the first view of a queue of 1,000 TMAs, the view of a TMA of 5,000 words,
// and what the page weighs. Run by scripts/page bench.

import { readFileSync } from "node:fs";
import { Tutor, launch } from "./support/browser.mjs";
import { Host, fixture } from "./support/host.mjs";

const TMAS = Number(process.env.TMAS ?? 1000);
const TIMES = Number(process.env.TIMES ?? 9);
const FIXTURES = ["tm112-okonkwo", "tm112-kowalczyk", "tm112-van-den-berg", "dd102-marsh", "dd102-hernandez-ruiz", "k102-sandhu"];

const middle = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const figure = (what, values) => console.log(`${what}: ${Math.round(middle(values))} ms (${Math.round(Math.min(...values))}–${Math.round(Math.max(...values))}, ${values.length} times)`);

async function fill(host) {
  const documents = FIXTURES.map(fixture).map((one) => ({ ...one, bytes: readFileSync(one.path) }));
  let next = 0;
  const one = async () => {
    for (let n; (n = next++) < TMAS; ) {
      const { file, bytes, rubricText, student } = documents[n % documents.length];
      await host.submit(file, bytes, { rubric: rubricText, student_id: `Q${String(1_000_000 + n)}`, student_name: student.name });
    }
  };
  await Promise.all(Array.from({ length: 8 }, one));
}

/** Run before the page’s own scripts: notes when the first row of the queue was painted. */
function watch() {
  const look = () => requestAnimationFrame(document.querySelector("tr[data-id]") ? () => setTimeout(() => (window.firstRow = performance.now())) : look);
  look();
}

const host = await Host.start();
const browser = await launch();
try {
  await fill(host);
  const { rubricText, student_id, student } = fixture("tm112-okonkwo");
  const source = readFileSync(fixture("tm112-okonkwo").path.replace(/[^/]*$/, "source.md"), "utf8");
  const text = Array.from({ length: Math.ceil(5000 / source.split(/\s+/).length) }, () => source).join("\n\n");
  const long = await host.submit("long.md", text, { rubric: rubricText, student_id, student_name: student.name });

  const first = [];
  const whole = [];
  let weight;
  for (let n = 0; n < TIMES; n++) {
    const tutor = await Tutor.arrive(browser, host);
    await tutor.signIn();
    const session = await tutor.page.evaluate(() => sessionStorage.getItem("awap.session"));
    await tutor.leave();
    // A browser that has nothing of the page yet, of somebody who is signed in.
    const fresh = await Tutor.arrive(browser, { ...host, url: "about:blank" });
    await fresh.context.addInitScript(([kept]) => sessionStorage.setItem("awap.session", kept), [session]);
    await fresh.context.addInitScript(watch);
    await fresh.page.goto(host.url, { waitUntil: "commit" });
    first.push(await (await fresh.until(() => window.firstRow)).jsonValue());
    await fresh.page.getByText(`${TMAS + 1} TMAs`, { exact: true }).waitFor();
    whole.push(await fresh.page.evaluate(() => performance.now()));
    weight = await fresh.page.evaluate(() => {
      const loaded = performance.getEntries().filter(({ transferSize, name }) => transferSize && !new URL(name).pathname.startsWith("/api/"));
      return { files: loaded.length, sent: loaded.reduce((sum, one) => sum + one.transferSize, 0), api: performance.getEntries().filter(({ name }) => name.includes("/api/")).reduce((sum, one) => sum + one.transferSize, 0) };
    });
    await fresh.leave();
  }

  const tutor = await Tutor.arrive(browser, host);
  await tutor.signIn();
  // A tutor looks at the queue before they open a TMA; its modules come meanwhile.
  await tutor.until(() => performance.getEntriesByName(`${location.origin}/assets/tma.js`).length > 0);
  const opened = [];
  for (let n = 0; n < TIMES + 1; n++) {
    await tutor.go("system");
    opened.push(
      await tutor.page.evaluate(
        (id) =>
          new Promise((done) => {
            const began = performance.now();
            const look = () => {
              const there = document.querySelector("article.text mark.evidence") && document.querySelector("#c1-score") && document.querySelector("#total");
              requestAnimationFrame(there ? () => setTimeout(() => done(performance.now() - began)) : look);
            };
            location.hash = `#/tma/${id}`;
            look();
          }),
        long,
      ),
    );
  }
  const all = await tutor.page.evaluate(() => performance.getEntries().filter(({ transferSize, name }) => transferSize && !new URL(name).pathname.startsWith("/api/")).reduce((sum, one) => sum + one.transferSize, 0));

  console.log(`Chromium ${browser.version()}, ${TMAS} TMAs and one of ${text.split(/\s+/).length} words`);
  figure("first rows of the queue, nothing cached", first);
  figure("all rows of the queue fetched", whole);
  console.log(`a TMA of 5,000 words, first time: ${Math.round(opened[0])} ms`);
  figure("a TMA of 5,000 words", opened.slice(1));
  console.log(`the page until the queue is shown: ${weight.files} files, ${Math.round(weight.sent / 1024)} KB sent; the list itself ${Math.round(weight.api / 1024)} KB; with the view of a TMA ${Math.round(all / 1024)} KB`);
} finally {
  await browser.close();
  await host.remove();
}
