// From signing in to an approved mark: what a tutor does with a TMA, with a restart of the host in between.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Tutor } from "./support/browser.mjs";
import { fixture } from "./support/host.mjs";

const okonkwo = fixture("tm112-okonkwo");

/** The first criterion's mark, as the page has it. */
const score = (page) => page.locator("#c1-score");

export function story(test, place) {
  let tutor;
  let page;
  let id;

  test("a wrong key is refused in plain words, and the right one lets in", async () => {
    tutor = await Tutor.arrive(place.browser, place.host, { name: "Ada Marker" });
    page = tutor.page;
    await tutor.expecting(/status of 401/, async () => {
      await page.getByLabel("API key or token").fill("awap_0000000000000000");
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByRole("alert").getByText("not known here").waitFor();
    });
    assert.equal(await page.getByLabel("API key or token").getAttribute("aria-invalid"), "true");
    await tutor.signIn();
    assert.equal(await page.evaluate(() => document.documentElement.outerHTML.includes("awap_0000")), false);
    const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
    assert.ok(!stored.includes(place.host.key), "the key is not stored");
  });

  test("a rubric that does not hold together is refused at the place of its fault, and a sound one kept", async () => {
    await tutor.go("rubrics");
    await tutor.expecting(/status of 422/, async () => {
      await page.getByLabel("or write it, as JSON or YAML").fill(okonkwo.rubricText.replace(/"max_mark": 18\b/, '"max_mark": "many"'));
      await page.getByRole("button", { name: "Check and keep" }).click();
      await page.getByRole("alert").locator("li").first().waitFor();
    });
    const chosen = await page.evaluate(() => {
      const area = document.activeElement;
      return area.value.slice(0, area.selectionEnd).split("\n").length;
    });
    const line = okonkwo.rubricText.slice(0, okonkwo.rubricText.search(/"max_mark": 18\b/)).split("\n").length;
    assert.equal(chosen, line, "the line of the fault is chosen");
    assert.match(await page.locator(".excerpt .at").innerText(), new RegExp(`^${line}\\s*"max_mark": "many"`), "and shown beside what is wrong with it");
    await page.getByLabel("From a file").setInputFiles(okonkwo.rubricPath);
    await page.locator(".shelf").getByText(okonkwo.assignment_id).waitFor();
    assert.equal(await page.getByRole("alert").locator("li").count(), 0);
  });

  test("what one tutor keeps another finds, and replaces only when they say so", async () => {
    const { key } = await place.host.call("POST", "/api/keys", { name: "ben", role: "tutor" });
    const ben = await Tutor.arrive(place.browser, place.host, { key, name: "Ben Marker" });
    await ben.signIn();
    await ben.go("rubrics");
    await ben.page.locator(".shelf").getByText(okonkwo.assignment_id).click();
    await ben.page.locator(".outline h2").getByText(okonkwo.assignment_id).waitFor();
    const other = okonkwo.rubricText.replace('"max_mark": 18', '"max_mark":  18');
    for (const answer of ["Cancel", "Replace it"]) {
      await ben.page.getByLabel("or write it, as JSON or YAML").fill(other);
      await ben.page.getByRole("button", { name: "Check and keep" }).click();
      await ben.page.getByRole("dialog").getByRole("button", { name: answer }).click();
      await ben.page.locator("dialog").waitFor({ state: "detached" });
      if (answer === "Cancel") assert.equal((await place.host.call("GET", `/api/rubrics/${okonkwo.assignment_id}`)).text, okonkwo.rubricText);
    }
    await ben.page.getByText("is kept.").waitFor();
    assert.equal((await place.host.call("GET", `/api/rubrics/${okonkwo.assignment_id}`)).text, other);
    ben.blameless("with the rubrics");
    await ben.leave();
  });

  test("a rubric from a file that does not hold together is told at its place before anything is handed in", async () => {
    await tutor.go("submit");
    await tutor.expecting(/status of 422/, async () => {
      const broken = fixture("dd102-marsh").rubricText.replace("max_mark: 40", "max_mark: many");
      await page.getByLabel("or a rubric from a file").setInputFiles({ name: "mine.yaml", mimeType: "text/yaml", buffer: Buffer.from(broken) });
      await page.locator(".excerpt .at").waitFor();
    });
    assert.match(await page.locator(".excerpt .at").innerText(), /max_mark: many/);
    assert.match(await page.locator("main").innerText(), /The rubric in mine\.yaml cannot be used/);
    assert.notEqual(await page.locator("#rubric").inputValue(), "\u0000own");
    await page.getByLabel("or a rubric from a file").setInputFiles({ name: "sound.yaml", mimeType: "text/yaml", buffer: Buffer.from("title: Essay\ntotal_points: 10\ncriteria:\n  - name: Argument\n    weight: 10\n    description: A claim with reasons for it.\n") });
    await page.locator("#rubric option:checked").getByText("sound.yaml").waitFor({ state: "attached" });
    assert.equal(await page.locator(".excerpt").count(), 0);
  });

  test("a document that is dropped is marked while one watches", async () => {
    await tutor.go("submit");
    await page.getByLabel("Rubric", { exact: true }).selectOption(okonkwo.assignment_id);
    const data = readFileSync(okonkwo.path).toString("base64");
    await page.evaluate(
      ([name, base64]) => {
        const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File([bytes], name));
        for (const type of ["dragover", "drop"]) document.querySelector(".drop").dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
      },
      [okonkwo.file, data],
    );
    await page.getByLabel("Student’s identifier").fill(okonkwo.student_id);
    await page.getByLabel("Student’s name").fill(okonkwo.student.name);
    await page.getByRole("button", { name: "Hand in" }).click();
    // Told over the WebSocket: the view asks for nothing by itself.
    await page.locator(".file .status.completed").waitFor();
    await page.locator(".file").getByRole("link", { name: "Open" }).click();
    await page.locator(".desk .criterion").first().waitFor();
    id = page.url().split("/").pop();
    const text = await page.locator("article.text").evaluate((article) => {
      const copy = article.cloneNode(true);
      for (const number of copy.querySelectorAll("button.ref")) number.remove();
      return copy.textContent;
    });
    for (const words of okonkwo.expect.gone) assert.ok(!text.includes(words), `“${words}” is not in the text`);
    for (const words of okonkwo.expect.kept) assert.ok(text.includes(words), `“${words}” is in the text`);
    assert.ok((await page.locator(".redaction").count()) > 0, "what was taken out is marked");
  });

  test("evidence leads to the text, and the text back to the criterion", async () => {
    const quote = page.locator("#c1 .quote").first();
    const words = (await quote.innerText()).replace(/^[+−]\s*“|”$/g, "").slice(0, 20);
    await quote.click();
    await tutor.until(() => document.activeElement?.matches("mark.evidence.lit"));
    const shown = await page.evaluate(() => {
      const box = document.activeElement.getBoundingClientRect();
      return { text: document.activeElement.textContent.replace(/\s+/g, " "), inView: box.top >= 0 && box.bottom <= innerHeight };
    });
    assert.ok(shown.text.startsWith(words) || words.startsWith(shown.text.slice(0, 10)), `“${shown.text}” is “${words}”`);
    assert.ok(shown.inView, "the evidence is in view");
    assert.ok(await page.evaluate(() => document.documentElement.scrollHeight <= innerHeight), "text and criteria scroll, the page does not");
    await page.getByRole("button", { name: /^Criterion 3:/ }).first().click();
    await tutor.until(() => document.activeElement?.id === "c3");
  });

  test("a changed mark is added up by the core, bounds are kept, and nothing is saved unasked", async () => {
    const before = await place.host.feedback(id);
    const [first] = before.marking_criteria.criteria;
    await score(page).fill(String(first.max_mark + 1));
    await page.locator("#c1-error").getByText("From 0 to").waitFor();
    assert.equal(await page.locator("#total").innerText(), String(before.marking_criteria.totals.mark));
    await score(page).fill("2");
    const total = String(before.marking_criteria.totals.mark - first.score + 2);
    await page.locator("#total").getByText(total, { exact: true }).waitFor();
    assert.equal((await place.host.feedback(id)).updated_at, before.updated_at);
  });

  test("what is not saved outlives a restart of the host and a reload, and so does the session", async () => {
    await page.locator("#c1-comment").fill("Shorter than it could be.");
    await tutor.expecting(/WebSocket|ERR_CONNECTION|Failed to load resource/, async () => {
      await place.host.stop();
      await page.locator("#live:not(.on)").waitFor();
      await page.getByRole("button", { name: "Save", exact: true }).click();
      await page.getByRole("alert").getByText("The host does not answer").waitFor();
      await place.host.launch();
      await tutor.live();
    });
    await page.reload();
    await page.getByRole("alert").getByText("unsaved changes").waitFor();
    assert.equal(await score(page).inputValue(), "2");
    assert.equal(await page.locator("#c1-comment").inputValue(), "Shorter than it could be.");
  });

  test("what is written while the core adds up, or while it is saved, is not lost", async () => {
    await page.getByRole("button", { name: "Feedback", exact: true }).click();
    const letter = page.locator("#letter");
    const whole = await letter.inputValue();
    // The answer is held up until something else was written.
    const totals = await tutor.hold("**/totals", "POST");
    await letter.fill(`${whole} One.`);
    await totals.arrived;
    await letter.fill(`${whole} One. Two.`);
    const counted = page.waitForResponse((response) => response.url().endsWith("/totals"));
    await totals.release();
    await counted;
    // The next count has what was written since.
    await page.waitForResponse((response) => response.url().endsWith("/totals"));
    assert.match(await letter.inputValue(), /One\. Two\.$/);

    const saving = await tutor.hold("**/api/feedback/*", "PATCH");
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await saving.arrived;
    await letter.fill(`${whole} One. Two. Three.`);
    await saving.release();
    await page.getByText("Saved.").first().waitFor();
    await page.getByRole("button", { name: "Save", exact: true }).waitFor();
    assert.match(await letter.inputValue(), /One\. Two\. Three\.$/);
    assert.match((await place.host.feedback(id)).feedback_text, /One\. Two\.$/);
  });

  test("the feedback shows what was changed from the draft, and an approval is what the API then says", async () => {
    await page.getByRole("button", { name: "Feedback", exact: true }).click();
    const letter = page.locator("#letter");
    await letter.fill(`${await letter.inputValue()}\n\nCome to the *next* tutorial.`);
    await page.getByRole("button", { name: "Preview" }).click();
    await page.locator(".preview em").getByText("next").waitFor();
    await page.getByRole("button", { name: "Changes from the draft" }).click();
    await page.locator(".diff ins").getByText("tutorial").first().waitFor();
    await page.getByRole("button", { name: "Approve" }).click();
    await page.getByText("Approved by").first().waitFor();
    const row = await place.host.feedback(id);
    assert.equal(row.reviewed_by, "Ada Marker");
    assert.equal(row.marking_criteria.criteria[0].score, 2);
    assert.equal(row.marking_criteria.criteria[0].comment, "Shorter than it could be.");
    assert.match(row.feedback_text, /Come to the \*next\* tutorial\./);
    await page.getByRole("button", { name: "History" }).click();
    await page.locator(".timeline").getByText("Approved: mark").waitFor();
  });

  test("the sheet for the student is a file of its own, of what was approved", async () => {
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download as HTML" }).click()]);
    const sheet = readFileSync(await download.path(), "utf8");
    assert.match(download.suggestedFilename(), /\.html$/);
    assert.match(sheet, /Come to the <em>next<\/em> tutorial\./);
    assert.match(sheet, /Ada Marker/);
    assert.doesNotMatch(sheet, /<script|src=|https?:/);
  });

  test("the Word file is of what was approved, as the core writes it", async () => {
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download as Word" }).click()]);
    assert.match(download.suggestedFilename(), /^[A-Za-z0-9._-]+\.docx$/);
    const file = readFileSync(await download.path());
    assert.equal(file.subarray(0, 2).toString(), "PK");
    // Read by the reader that TMAs go through.
    const again = await place.host.submit("feedback.docx", file);
    const { content } = await place.host.call("GET", `/api/tmas/${again}`);
    for (const words of ["Come to the next tutorial.", "Ada Marker", okonkwo.assignment_id]) assert.ok(content.parsed.text.includes(words), `“${words}” is in the file`);
    for (const words of okonkwo.expect.gone) assert.ok(!content.parsed.text.includes(words), `“${words}” is not in the file`);
  });

  test("signing out takes the session, and the keys of the page, away", async () => {
    tutor.blameless("in the whole story");
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    assert.equal(await page.evaluate(() => JSON.stringify({ ...sessionStorage })), "{}");
    await page.goBack();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    assert.equal(await page.locator(".criterion, tr[data-id]").count(), 0);
    await tutor.leave();
  });
}
