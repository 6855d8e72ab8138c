// The queue: put in order by its columns, and approved many at once, but for what somebody has to look at first.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Tutor } from "./support/browser.mjs";
import { fixture } from "./support/host.mjs";

const ASSIGNMENT = "QUEUE-TMA01";

export function queue(test, place) {
  let tutor;
  let page;
  const shown = () => page.locator("tr[data-id]").evaluateAll((rows) => rows.map((row) => ({ id: row.dataset.id, mark: row.querySelector(".mark")?.textContent ?? "" })));
  const listed = async () => (await place.host.call("GET", `/api/tmas?include=feedback&assignment_id=${ASSIGNMENT}`)).tmas;
  const submit = (name) => {
    const { path, file, rubricText, course_id, student_id, student } = fixture(name);
    return place.host.submit(file, readFileSync(path), { rubric: rubricText, assignment_id: ASSIGNMENT, course_id, student_id, student_name: student.name });
  };

  test("a press on a column’s heading puts the rows in its order, and another turns it round", async () => {
    for (const name of ["tm112-kowalczyk", "tm112-nguyen", "tm112-okonkwo", "dd102-marsh"]) await submit(name);
    tutor = await Tutor.arrive(place.browser, place.host, { name: "Ada Marker" });
    page = tutor.page;
    await tutor.signIn();
    await page.getByLabel("Assignment", { exact: true }).selectOption(ASSIGNMENT);
    await tutor.until(() => document.querySelectorAll("tr[data-id]").length === 4);
    const marks = (await listed()).map(({ feedback }) => feedback.grade).filter((grade) => grade !== null).sort((a, b) => b - a);
    const heading = page.getByRole("columnheader", { name: "Mark" });
    for (const [order, wanted] of [["descending", marks], ["ascending", [...marks].reverse()]]) {
      await heading.getByRole("button").click();
      assert.equal(await heading.getAttribute("aria-sort"), order);
      assert.equal(await page.evaluate(() => document.activeElement.dataset.sort), "mark", "the focus stays");
      assert.deepEqual((await shown()).map(({ mark }) => Number(mark)).slice(0, marks.length), wanted);
    }
    assert.ok((await listed()).length > marks.length, "what has no mark comes last either way");
  });

  test("what is chosen is approved together, and what needs a look is left out until it is opened", async () => {
    const rows = await listed();
    const open = rows.filter(({ feedback }) => feedback.grade === null);
    const noted = rows.filter(({ feedback }) => feedback.grade !== null && feedback.needs_review.length);
    const plain = rows.filter(({ feedback }) => feedback.grade !== null && !feedback.needs_review.length);
    assert.ok(open.length, "a TMA that only a person may mark is among them");
    // By the keyboard alone.
    for (let n = 0; n < rows.length; n++) await page.keyboard.press(n ? "j" : "k").then(() => page.keyboard.press("x"));
    await page.getByText(`${rows.length} chosen`).waitFor();
    for (const { id } of noted) {
      await tutor.open(id);
      await tutor.go("queue");
    }
    await page.locator("tr[data-id] a").first().focus();
    await page.keyboard.press("A");
    const dialog = page.getByRole("dialog");
    await dialog.getByText(`${open.length} with a criterion still open`).waitFor();
    await dialog.getByRole("button", { name: `Approve ${noted.length + plain.length}` }).click();
    await page.getByText(`${noted.length + plain.length} approved.`).waitFor();
    for (const { id, feedback } of await listed()) assert.equal(feedback.reviewed_by, open.some((row) => row.id === id) ? null : "Ada Marker");
    await page.getByText(`${open.length} chosen`).waitFor();
  });

  test("what has a note and was not opened is not approved with the others", async () => {
    const id = await submit("tm112-nguyen");
    await page.locator(`tr[data-id="${id}"]`).waitFor();
    // As the engine says where it is not sure; the fixture itself gives it no reason to.
    const row = await place.host.feedback(id);
    const marking_criteria = { ...row.marking_criteria, needs_review: [{ criterion: null, reason: "low_confidence", resolved: false }] };
    await place.host.call("PATCH", `/api/feedback/${id}`, { marking_criteria });
    await page.reload();
    await page.locator(`tr[data-id="${id}"]`).getByText("Low confidence").waitFor();
    await page.locator(`tr[data-id="${id}"]`).getByRole("checkbox").check();
    await page.getByRole("button", { name: "Approve them" }).click();
    await page.getByRole("dialog").getByText("1 to be looked at first").waitFor();
    await page.getByRole("button", { name: "Close" }).click();
    assert.equal((await place.host.feedback(id)).reviewed_at, null);
    tutor.blameless("in the queue");
    await tutor.leave();
  });
}
