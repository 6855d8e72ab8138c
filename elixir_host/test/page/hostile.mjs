// Documents and rubrics that mean harm, or are merely enormous: they are shown, and do nothing.

import assert from "node:assert/strict";
import { Tutor } from "./support/browser.mjs";

const SCRIPTS = [
  "<script>window.harmed = 1</script>",
  "<img src=x onerror=\"window.harmed = 1\">",
  "<svg onload=\"window.harmed = 1\"></svg>",
  "<iframe srcdoc=\"<script>parent.harmed = 1</script>\"></iframe>",
  "[press me](javascript:window.harmed=1)",
  "![seen](https://elsewhere.example/seen.png)",
  "\"><style>body{display:none}</style>",
];
const ARABIC = "كتب الطالب هذا النص من اليمين إلى اليسار ليرى المصحح كيف يظهر";
const SENTENCE = "A linear search checks each item in turn until it finds the target or reaches the end of the list. ";

/** More than 20,000 words, with markup at every turn, a table of 400 by 30, a word of 3,000 letters, and both directions of writing. */
function document() {
  const table = Array.from({ length: 400 }, (_, row) => `| ${Array.from({ length: 30 }, (_, column) => (row === 3 ? SCRIPTS[column % SCRIPTS.length].replace(/\|/g, "") : `cell ${row} ${column}`)).join(" | ")} |`);
  table.splice(1, 0, `|${" --- |".repeat(30)}`);
  const prose = Array.from({ length: 60 }, (_, n) => `## Part ${n} ${n % 9 ? "" : SCRIPTS[n % SCRIPTS.length]}\n\n${SENTENCE.repeat(18)}${SCRIPTS[n % SCRIPTS.length]}\n`);
  return ["# Question 1(a)", ...SCRIPTS, ARABIC, `\u202E${SENTENCE}\u202C`, "W".repeat(3000), `\`\`\`\n${"x = 1; ".repeat(300)}\n\`\`\``, ...table.slice(0, 1), ""].join("\n\n") + table.slice(0).join("\n") + "\n\n" + prose.join("\n");
}

const levels = (most) => [0, most].map((score) => ({ score, descriptor: `Explains the linear search and its target. ${SCRIPTS[0]}` }));
const RUBRIC = {
  question_id: "1",
  module: "<b>X1</b>",
  title: "<script>window.harmed=1</script>",
  prompt: `${SCRIPTS[1]} Explain the linear search.`,
  total_points: 100,
  criteria: [
    { name: "<img src=x onerror=\"window.harmed=1\">", weight: 60, description: SCRIPTS[0], levels: levels(60) },
    { name: ARABIC, weight: 40, description: ARABIC, levels: levels(40) },
  ],
};

export function hostile(test, place) {
  let tutor;
  let page;
  let id;
  const unharmed = async (when) => {
    assert.equal(await page.evaluate(() => window.harmed), undefined, `a script of the document ran ${when}`);
    tutor.blameless(when);
  };

  test("its text is text: no script, no picture, no style, no frame", async () => {
    const text = document();
    assert.ok(text.split(/\s+/).length > 20_000);
    id = await place.host.submit("hostile.md", text, { rubric: JSON.stringify(RUBRIC), assignment_id: "<b>TMA</b> \"01\"", course_id: "X<i>1</i>" });
    tutor = await Tutor.arrive(place.browser, place.host);
    page = tutor.page;
    await tutor.signIn();
    await tutor.open(id);
    const shown = await page.locator("article.text").evaluate((article) => ({
      words: article.textContent.split(/\s+/).length,
      bad: [...article.querySelectorAll("script, img, svg, iframe, style, a, form, object")].length,
      rows: article.querySelectorAll("tr").length,
    }));
    assert.ok(shown.words > 15_000, `${shown.words} words are shown`);
    assert.ok(shown.rows >= 400, `${shown.rows} rows are shown`);
    assert.equal(shown.bad, 0);
    await unharmed("in the text");
  });

  test("it does not break the page: no sideways scrolling, right-to-left is read so, marks can be changed", async () => {
    await tutor.fits("a hostile document");
    await page.setViewportSize({ width: 320, height: 256 });
    await tutor.fits("a hostile document, narrow");
    await page.setViewportSize({ width: 1280, height: 900 });
    const direction = await page.getByText(ARABIC).first().evaluate((one) => getComputedStyle(one).direction);
    assert.equal(direction, "rtl");
    const mark = page.locator("#c1-score");
    await mark.fill((await mark.inputValue()) === "60" ? "0" : "60");
    await tutor.until(() => document.querySelector("#c1-draft").textContent.startsWith("was"));
    await page.getByRole("button", { name: "Discard changes" }).click();
    await unharmed("while it was marked");
  });

  test("neither feedback nor queue nor rubric nor sheet runs what is written there", async () => {
    await page.getByRole("button", { name: "Feedback", exact: true }).click();
    await page.locator("#letter").fill(SCRIPTS.join("\n\n"));
    await page.getByRole("button", { name: "Preview" }).click();
    await page.locator(".preview").getByText("window.harmed").first().waitFor();
    const kinds = await page.locator(".preview").evaluate((view) => [...view.querySelectorAll("script, img, svg, iframe, style, a")].map((one) => one.outerHTML));
    assert.deepEqual(kinds, []);
    await page.getByRole("button", { name: "Changes from the draft" }).click();
    await page.locator(".diff").waitFor();
    await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
    await unharmed("in the feedback");
    await page.getByRole("button", { name: "Discard changes" }).click();
    await tutor.go("queue");
    await page.locator("tr[data-id]").first().waitFor();
    await page.locator("tr[data-id] td").getByText("<b>TMA</b>").first().waitFor();
    await unharmed("in the queue");
    await tutor.go("rubrics");
    await page.getByLabel("or write it, as JSON or YAML").fill(JSON.stringify(RUBRIC));
    await page.getByRole("button", { name: "Check and keep" }).click();
    await page.locator(".outline h2").getByText("script").first().waitFor();
    await unharmed("in the rubrics");
  });

  test("the policy holds: a script that stands in the page does not run, nor does one from elsewhere", async () => {
    const ran = await tutor.expecting(/Content Security Policy|ERR_/, async () =>
      page.evaluate(async () => {
        const refused = [];
        document.addEventListener("securitypolicyviolation", (event) => refused.push(event.effectiveDirective));
        const place = document.body.appendChild(document.createElement("div"));
        const script = document.createElement("script");
        script.textContent = "window.harmed = 1";
        place.append(script);
        place.insertAdjacentHTML("beforeend", "<img src='https://elsewhere.example/a.png' onerror='window.harmed = 1'><p style='color:red' onclick='window.harmed = 1'>");
        place.querySelector("p").click();
        await fetch("https://elsewhere.example/").catch(() => {});
        while (new Set(refused).size < 5) await new Promise((done) => setTimeout(done, 20));
        place.remove();
        return { harmed: window.harmed, refused: [...new Set(refused)].sort() };
      }),
    );
    assert.equal(ran.harmed, undefined);
    assert.deepEqual(ran.refused, ["connect-src", "img-src", "script-src-attr", "script-src-elem", "style-src-attr"]);
    assert.deepEqual(tutor.faults.filter((fault) => !fault.startsWith("a request to https://elsewhere.example")), []);
    await tutor.leave();
  });
}
