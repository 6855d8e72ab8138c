// What a tutor does who is faster than the host: writes on while it saves, leaves before it answers, names a student while others are marked.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Tutor } from "./support/browser.mjs";
import { fixture, pause, until } from "./support/host.mjs";

export function haste(test, place) {
  let tutor;
  let page;
  let ids;

  test("whoever saves while writing goes on writing, and approves nothing by it", async () => {
    ids = [];
    for (const name of ["tm112-kowalczyk", "tm112-okonkwo"]) ids.push(await place.host.submitFixture(name));
    tutor = await Tutor.arrive(place.browser, place.host, { name: "Hal Haste" });
    page = tutor.page;
    await tutor.signIn();
    await tutor.open(ids[0]);
    const comment = page.locator("#c1-comment");
    await comment.fill("Good");
    const totals = await tutor.hold("**/totals", "POST");
    await page.keyboard.press("Control+S");
    await totals.arrived;
    await page.keyboard.type(" work");
    await totals.release();
    await page.getByText("Saved.").first().waitFor();
    await page.keyboard.type(", and a joy");
    assert.equal(await comment.inputValue(), "Good work, and a joy");
    assert.equal(await page.evaluate(() => document.activeElement.id), "c1-comment");
    const row = await place.host.feedback(ids[0]);
    assert.equal(row.reviewed_at, null);
    assert.equal(row.marking_criteria.criteria[0].comment, "Good work", "what was written while it was added up is saved");
  });

  test("what is written after one has approved is not approved by it", async () => {
    const comment = page.locator("#c1-comment");
    await comment.fill("Good work.");
    const totals = await tutor.hold("**/totals", "POST");
    await page.getByRole("button", { name: "Approve" }).click();
    await totals.arrived;
    await comment.fill("Good work, but");
    await totals.release();
    await page.getByText("changed while it was being approved").waitFor();
    assert.equal((await place.host.feedback(ids[0])).reviewed_at, null);
    assert.equal(await comment.inputValue(), "Good work, but");
  });

  test("what is put back while it is saved stays as it was put", async () => {
    const comment = page.locator("#c1-comment");
    const saved = (await place.host.feedback(ids[0])).marking_criteria.criteria[0].comment;
    await comment.fill("Fair work.");
    const patch = await tutor.hold("**/api/feedback/*", "PATCH");
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await patch.arrived;
    await comment.fill(saved);
    await patch.release();
    await page.getByText("Saved.").first().waitFor();
    assert.equal(await comment.inputValue(), saved);
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await tutor.until(() => !document.querySelector("[data-act=save]"));
    assert.equal((await place.host.feedback(ids[0])).marking_criteria.criteria[0].comment, saved);
  });

  test("a sheet of what is not saved says of nobody that they approved it", async () => {
    await page.getByRole("button", { name: "Approve" }).click();
    await page.getByText("Approved by").first().waitFor();
    const sheet = async () => {
      const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download as HTML" }).click()]);
      return readFileSync(await download.path(), "utf8");
    };
    assert.match(await sheet(), /Hal Haste/);
    await page.locator("#c1-comment").fill("Changed since.");
    assert.doesNotMatch(await sheet(), /Hal Haste/);
    await page.getByRole("button", { name: "Discard changes" }).click();
  });

  test("a TMA that is left while it loads does not draw itself over the one that came after", async () => {
    const slow = await tutor.hold(`**/api/tmas/${ids[1]}`, "GET");
    await page.evaluate((hash) => (location.hash = hash), `#/tma/${ids[1]}`);
    await slow.arrived;
    await page.goBack();
    await page.locator(".desk .criterion").first().waitFor();
    const heading = await page.locator("h1").innerText();
    await slow.release();
    await pause(500);
    assert.equal(await page.locator("h1").innerText(), heading);
    assert.ok(page.url().endsWith(ids[0]));
  });

  test("the progress of one file leaves alone what is typed about another", async () => {
    await tutor.go("submit");
    const { path } = fixture("tm112-nguyen");
    await page.getByLabel("Choose files").setInputFiles(path);
    // The file is on its way until the other is half named.
    let go;
    const named = new Promise((done) => (go = done));
    await page.route("**/api/tmas", (route) => named.then(() => route.continue()), { times: 1 });
    await page.getByRole("button", { name: "Hand in" }).click();
    await page.getByLabel("Choose files").setInputFiles(fixture("tm112-kowalczyk").path);
    const name = page.getByLabel("Student’s name");
    await name.focus();
    await page.keyboard.type("Zoë Example, of whom");
    go();
    await page.locator(".file .status.completed").first().waitFor();
    await page.keyboard.type(" there is more to say");
    assert.equal(await name.inputValue(), "Zoë Example, of whom there is more to say");
    assert.ok(await name.evaluate((field) => field === document.activeElement));
    await page.getByRole("button", { name: /^Leave out/ }).click();
  });

  test("a TMA that failed is shown and left alone, and can be tried again", async () => {
    const form = new FormData();
    form.append("file", new Blob(["PK\u0003\u0004 is no document"]), "broken.docx");
    const answer = await fetch(`${place.host.url}/api/tmas`, { method: "POST", headers: { authorization: `Bearer ${place.host.key}` }, body: form });
    const { id } = await answer.json();
    await until("the failure", async () => (await place.host.call("GET", `/api/tmas/${id}`)).status === "failed");
    await tutor.expecting(/status of 404/, async () => {
      await tutor.go(`tma/${id}`);
      await page.getByRole("button", { name: "Try again" }).waitFor();
      await pause(500);
      const before = tutor.requests;
      await pause(1000);
      assert.ok(tutor.requests - before < 5, `${tutor.requests - before} requests in a second`);
      await page.getByRole("button", { name: "Try again" }).click();
      await page.getByText("It is tried again.").waitFor();
      await page.getByRole("button", { name: "Try again" }).waitFor();
    });
  });

  test("a note that came after the look is to be looked at, too", async () => {
    const { path, file, rubricText } = fixture("tm112-okonkwo");
    const submit = (student_id) =>
      place.host.submit(file, readFileSync(path), { rubric: rubricText, assignment_id: "HASTE-TMA01", course_id: "HASTE", student_id, student_name: "Adaeze Okonkwo" });
    const id = await submit("H0000001");
    await tutor.open(id);
    await tutor.go("queue");
    const row = page.locator(`tr[data-id="${id}"]`);
    await submit("H0000002");
    await row.getByText("Shares text with another").waitFor();
    await row.getByRole("checkbox").check();
    await page.getByRole("button", { name: "Approve them" }).click();
    await page.getByRole("dialog").getByText("1 to be looked at first").waitFor();
    await page.getByRole("button", { name: "Close" }).click();
    await tutor.open(id);
    await page.locator(".alike-note").getByText("shared with").waitFor();
    await tutor.go("queue");
    await page.getByRole("button", { name: "Approve them" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Approve 1" }).waitFor();
    await page.getByRole("button", { name: "Cancel" }).click();
  });

  test("what is told while the queue is fetched is not lost to what was fetched before it", async () => {
    await tutor.go("submit");
    const slow = await tutor.hold(/\/api\/tmas\?include=feedback/, "GET");
    await tutor.go("queue");
    await slow.arrived;
    const id = await place.host.submitFixture("tm112-nguyen");
    await pause(1000);
    await slow.release();
    await page.locator(`tr[data-id="${id}"]`).waitFor();
  });

  test("a lesser message does not take the place of a graver", async () => {
    await tutor.open(ids[0]);
    const comment = page.locator("#c1-comment");
    await comment.fill("Not saved yet.");
    const { updated_at } = await place.host.feedback(ids[0]);
    await place.host.call("PATCH", `/api/feedback/${ids[0]}`, { reviewed: true, expected_updated_at: updated_at });
    await page.reload();
    const graver = page.getByText("Somebody has saved since you began.");
    await graver.waitFor();
    const away = page.getByText("The host does not answer.");
    await page.route("**/totals", (route) => route.abort());
    await tutor.expecting(/ERR_FAILED/, async () => {
      await comment.fill("Not saved yet either.");
      await away.waitFor();
    });
    assert.ok(await graver.isVisible());
    await page.unroute("**/totals");
    await page.locator(".banner").getByRole("button", { name: "Try again" }).click();
    await away.waitFor({ state: "detached" });
    assert.ok(await graver.isVisible());
    await page.getByRole("button", { name: "Discard them" }).click();
    await graver.waitFor({ state: "detached" });
  });

  test("a mark out of its bounds is put right before one looks at something else", async () => {
    const field = page.locator("#c1-score");
    const before = await field.inputValue();
    await field.fill("1000");
    await page.getByRole("button", { name: "History" }).click();
    await page.getByText("out of its bounds").waitFor();
    assert.equal(await field.inputValue(), "1000");
    assert.ok(await field.evaluate((one) => one === document.activeElement));
    await field.fill(before);
    await page.getByRole("button", { name: "History" }).click();
    await field.waitFor({ state: "detached" });
  });

  test("a key that is exchanged anew while its tutor signs out does not sign them in again", async () => {
    const other = await Tutor.arrive(place.browser, place.host);
    await other.page.clock.install();
    await other.page.reload();
    await other.signIn();
    const renewal = await other.hold("**/api/tokens", "POST");
    await other.page.clock.fastForward("59:30");
    await renewal.arrived;
    await other.page.getByRole("button", { name: "Sign out" }).click();
    await other.page.getByRole("heading", { name: "Sign in" }).waitFor();
    await renewal.release();
    await pause(500);
    await other.page.getByRole("heading", { name: "Sign in" }).waitFor();
    assert.equal(await other.page.evaluate(() => sessionStorage.length), 0);
    other.blameless("signed out");
    await other.leave();
  });

  test("who signs out before a TMA has come sees none of it", async () => {
    const slow = await tutor.hold(`**/api/tmas/${ids[1]}`, "GET");
    await page.evaluate((hash) => (location.hash = hash), `#/tma/${ids[1]}`);
    await slow.arrived;
    // Whatever else it asks for is refused by then.
    await tutor.expecting(/status of 401/, async () => {
      await page.getByRole("button", { name: "Sign out" }).click();
      await page.getByRole("heading", { name: "Sign in" }).waitFor();
      await slow.release();
      await pause(500);
    });
    assert.equal(await page.locator(".criterion, .text").count(), 0);
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    tutor.blameless("in haste");
    await tutor.leave();
  });
}
