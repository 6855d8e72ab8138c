// The same by the keyboard alone: nothing in these tests touches a mouse.

import assert from "node:assert/strict";
import { Tutor } from "./support/browser.mjs";

const focusedRow = () => document.activeElement?.closest("tr")?.dataset.id ?? null;

export function keyboard(test, place) {
  let tutor;
  let page;
  let ids;
  const press = async (...keys) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  /** Tabs on until what has the focus matches `selector`. */
  const tabTo = async (selector) => {
    for (let n = 0; n < 200; n++) {
      if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return;
      await page.keyboard.press("Tab");
    }
    assert.fail(`${selector} cannot be reached with Tab`);
  };

  test("one signs in, and goes through the queue with j and k", async () => {
    ids = [];
    for (const name of ["tm112-kowalczyk", "tm112-nguyen"]) ids.push(await place.host.submitFixture(name));
    tutor = await Tutor.arrive(place.browser, place.host, { name: "Kay Board" });
    page = tutor.page;
    await tutor.until(() => document.activeElement?.id === "key");
    await page.keyboard.insertText(place.host.key);
    await press("Tab");
    await page.keyboard.insertText("Kay Board");
    await press("Enter");
    await page.locator(`tr[data-id="${ids[0]}"]`).waitFor();
    await press("j");
    assert.equal(await page.evaluate(focusedRow), ids[1], "the newest is first");
    await press("j");
    assert.equal(await page.evaluate(focusedRow), ids[0]);
    await press("k");
    assert.equal(await page.evaluate(focusedRow), ids[1]);
  });

  test("/ searches, and leaves letters to what is written", async () => {
    await press("/");
    assert.equal(await page.evaluate(() => document.activeElement.id), "search");
    await page.keyboard.type("no such kajak");
    await page.getByText("Nothing here.").waitFor();
    assert.equal(await page.locator("dialog").count(), 0);
    for (let n = 0; n < 13; n++) await press("Backspace");
    await page.locator(`tr[data-id="${ids[0]}"]`).waitFor();
    await press("Escape");
    assert.notEqual(await page.evaluate(() => document.activeElement.id), "search");
  });

  test("a approves as it is, once one has said so, and not without", async () => {
    await press("j");
    const id = await page.evaluate(focusedRow);
    assert.ok(ids.includes(id));
    await press("a");
    await page.getByRole("dialog").waitFor();
    await press("Escape");
    await page.locator("dialog").waitFor({ state: "detached" });
    assert.equal((await place.host.feedback(id)).reviewed_at, null);
    await press("a");
    await page.getByRole("dialog").waitFor();
    await tabTo("dialog button.primary");
    await press("Enter");
    await page.locator(`tr[data-id="${id}"] .status.approved`).waitFor();
    assert.equal((await place.host.feedback(id)).reviewed_by, "Kay Board");
    ids = [...ids].sort((one) => (one === id ? 1 : -1));
  });

  test("Enter opens, m goes to a mark, a approves, and u leads back to where one was", async () => {
    const [id] = ids;
    for (let n = 0; n < 5 && (await page.evaluate(focusedRow)) !== id; n++) await press(n < 2 ? "j" : "k");
    assert.equal(await page.evaluate(focusedRow), id);
    await press("Enter");
    await page.locator("#c1-score").waitFor();
    const before = await place.host.feedback(id);
    const [first] = before.marking_criteria.criteria;
    await press("m");
    assert.equal(await page.evaluate(() => document.activeElement.id), "c1-score");
    await press("Control+A");
    await page.keyboard.type("3");
    const total = String(before.marking_criteria.totals.mark - first.score + 3);
    await page.locator("#total").getByText(total, { exact: true }).waitFor();
    await tabTo("#c1 .quote");
    await press("Enter");
    await tutor.until(() => document.activeElement?.matches("mark.evidence"));
    await press("a");
    await page.getByText("Approved by").first().waitFor();
    const after = await place.host.feedback(id);
    assert.deepEqual([after.marking_criteria.criteria[0].score, after.reviewed_by], [3, "Kay Board"]);
    await press("u");
    await page.locator(`tr[data-id="${id}"]`).waitFor();
    await tutor.until((wanted) => document.activeElement?.closest("tr")?.dataset.id === wanted, id);
  });

  test("? tells the keys and switches them off for whoever dictates", async () => {
    await press("?");
    await page.getByRole("dialog").getByText("Next TMA").waitFor();
    await tabTo("dialog input[type=checkbox]");
    await press("Space");
    await tabTo("dialog button");
    await press("Enter");
    await page.locator("dialog").waitFor({ state: "detached" });
    const at = await page.evaluate(focusedRow);
    await press("j", "a", "/");
    assert.equal(await page.evaluate(focusedRow), at);
    assert.equal(await page.getByRole("dialog").count(), 0);
    tutor.blameless("by the keyboard");
    await tutor.leave();
  });
}
