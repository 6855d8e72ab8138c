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
    await page.getByRole("button", { name: "Hand in" }).click();
    await page.locator(".file .status").first().waitFor();
    await page.getByLabel("Choose files").setInputFiles(fixture("tm112-kowalczyk").path);
    const name = page.getByLabel("Student’s name");
    await name.pressSequentially("Zoë Example, of whom there is more to say", { delay: 100 });
    await page.locator(".file .status.completed, .file .status").first().waitFor();
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
