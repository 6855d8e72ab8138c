// Two scripts with a paragraph in common: the flag comes by itself, leads to both side by side, and is no verdict.

import assert from "node:assert/strict";
import { Tutor } from "./support/browser.mjs";

const ASSIGNMENT = "ALIKE-TMA01";
const SHARED =
  "A library that counts its visitors has to say what it keeps, for how long, and who may look at it, because a visitor who was never asked has consented to nothing at all, and the council – however kind – cannot mend that later. <b>Bold</b> words do not change it.";
const TEXTS = {
  one: `Counting at the door looks harmless. ${SHARED}`,
  two: `Café owners know it: people come back where they are greeted.\n\n${SHARED}\n\nSo much for the café.`,
  three: "Trust grows slowly where cameras watch every door, and faster where people are greeted by their names and asked how they are.",
};

export function alike(test, place) {
  let tutor;
  let page;
  const ids = {};
  const row = (name) => page.locator(`tr[data-id="${ids[name]}"]`);
  const flag = "Shares text with another";

  test("the flag comes by itself to both, not to a third, and the queue is filtered by it", async () => {
    tutor = await Tutor.arrive(place.browser, place.host, { name: "Ada Marker" });
    page = tutor.page;
    await tutor.signIn();
    for (const [name, text] of Object.entries(TEXTS)) {
      ids[name] = await place.host.submit(`${name}.txt`, text, { assignment_id: ASSIGNMENT, course_id: "ALIKE", student_id: `S-${name}`, student_name: "Robin Quillfeather" });
    }
    for (const name of ["one", "two"]) await row(name).getByText(flag).waitFor();
    assert.equal(await row("three").getByText(flag).count(), 0);
    await page.getByLabel("Assignment", { exact: true }).selectOption(ASSIGNMENT);
    await page.getByLabel("Note").selectOption({ label: flag });
    await tutor.until(() => document.querySelectorAll("tr[data-id]").length === 2);
    const { tmas } = await place.host.call("GET", `/api/tmas?near_duplicate=true&assignment_id=${ASSIGNMENT}`);
    assert.deepEqual(tmas.map(({ id }) => id).sort(), [ids.one, ids.two].sort());
  });

  test("a TMA says what it shares with whom, and its mark is as it was", async () => {
    const before = await place.host.feedback(ids.one);
    await tutor.open(ids.one);
    const note = page.locator(".alike-note");
    await note.getByText("1 passage").waitFor();
    assert.match(await note.innerText(), /No mark depends on it/);
    await note.getByRole("link").click();
    await page.getByRole("heading", { name: "Text in common" }).waitFor();
    assert.equal((await place.host.feedback(ids.one)).updated_at, before.updated_at);
  });

  test("both texts stand side by side, what they share is marked in each, and the keyboard leads from one to the other", async () => {
    const texts = page.locator(".pair .text");
    await texts.nth(1).waitFor();
    const marked = await texts.evaluateAll((all) => all.map((text) => [...text.querySelectorAll("mark.evidence")].map((mark) => mark.textContent).join("")));
    for (const words of marked) assert.ok(words.includes("consented to nothing") && words.includes("<b>Bold</b>"), words);
    assert.ok(!marked.join().includes("Counting at the door") && !marked.join().includes("So much"), "what is one's own is not marked");
    assert.equal(await page.locator(".pair b").count(), 0, "text is text");
    const active = () => page.evaluate(() => [...document.querySelectorAll(".pair .paper")].findIndex((paper) => paper.contains(document.activeElement)));
    await page.locator(".pair .ref").first().focus();
    await page.keyboard.press("Enter");
    assert.equal(await active(), 1);
    assert.equal(await page.locator("mark.lit").count() >= 2, true);
    await page.locator(".pair .ref").nth(1).focus();
    await page.keyboard.press("Enter");
    assert.equal(await active(), 0);
    await page.keyboard.press("n");
    await page.getByText("Passage 1 of 1").waitFor();
  });

  test("no fault for axe-core in either view, light or dark, and nothing scrolls sideways where there is little room", async () => {
    const found = [];
    const views = { "side by side": `alike/${ids.one}/${ids.two}`, note: `tma/${ids.one}` };
    for (const [view, hash] of Object.entries(views)) {
      await page.setViewportSize({ width: 1280, height: 900 });
      await tutor.go(hash);
      await page.locator(".pair .text, .alike-note a").first().waitFor();
      for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme });
        for (const violation of await tutor.violations()) found.push(`${view}, ${colorScheme}: ${violation}`);
      }
      await page.setViewportSize({ width: 320, height: 256 });
      await tutor.fits(view);
    }
    assert.deepEqual(found, []);
  });

  test("where one is gone, the view says so and the flag goes", async () => {
    await page.setViewportSize({ width: 1280, height: 900 });
    const { student_id } = await place.host.call("GET", `/api/tmas/${ids.two}`);
    await place.host.call("DELETE", `/api/students/${student_id}?reason=test`);
    await tutor.expecting(/status of 404/, async () => {
      await tutor.go(`alike/${ids.one}/${ids.two}`);
      await page.getByRole("alert").getByText("There is no TMA").waitFor();
    });
    await tutor.open(ids.one);
    assert.equal(await page.locator(".alike-note a").count(), 0);
    await tutor.leave();
  });
}
