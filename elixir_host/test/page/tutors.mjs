// Two tutors on one TMA: the second is told, and nothing of either is lost.

import assert from "node:assert/strict";
import { Tutor } from "./support/browser.mjs";

export function tutors(test, place) {
  let id;
  let ada;
  let ben;

  test("who saves second is told, and may put their changes on top", async () => {
    id = await place.host.submitFixture("tm112-van-den-berg");
    const keyOf = async (name) => (await place.host.call("POST", "/api/keys", { name, role: "tutor" })).key;
    ada = await Tutor.arrive(place.browser, place.host, { key: await keyOf("ada"), name: "Ada Marker" });
    ben = await Tutor.arrive(place.browser, place.host, { key: await keyOf("ben"), name: "Ben Marker" });
    for (const tutor of [ada, ben]) {
      await tutor.signIn();
      await tutor.open(id);
    }
    await ada.page.locator("#c1-score").fill("1");
    await ada.page.getByRole("button", { name: "Save", exact: true }).click();
    await ada.page.getByText("Saved.").waitFor();

    await ben.page.locator("#c2-score").fill("2");
    await ben.page.locator("#c3-comment").fill("Ben’s own words.");
    await ben.expecting(/status of 409/, async () => {
      await ben.page.getByRole("button", { name: "Save", exact: true }).click();
      await ben.page.getByRole("dialog").getByText("Nothing was overwritten").waitFor();
    });
    const saved = await place.host.feedback(id);
    assert.equal(saved.marking_criteria.criteria[0].score, 1, "Ada’s mark stands");
    await ben.page.getByRole("button", { name: "Put my changes on top" }).click();
    // Ben sees Ada’s mark, once the page has read it.
    await ben.until(() => document.querySelector("#c1-score")?.value === "1");
    assert.equal(await ben.page.locator("#c2-score").inputValue(), "2", "and has his own still");
    await ben.page.getByRole("button", { name: "Save", exact: true }).click();
    await ben.page.getByText("Saved.").waitFor();
    const { marking_criteria } = await place.host.feedback(id);
    const [one, two, three] = marking_criteria.criteria;
    assert.deepEqual([one.score, two.score, three.comment], [1, 2, "Ben’s own words."]);
  });

  test("an approval of one is not undone by another’s stale page, who may take it over", async () => {
    await ben.page.getByRole("button", { name: "Approve" }).click();
    await ben.page.getByText("Approved by").first().waitFor();
    await ada.page.locator("#c1-score").fill("0");
    await ada.expecting(/status of 409/, async () => {
      await ada.page.getByRole("button", { name: "Save", exact: true }).click();
      await ada.page.getByRole("dialog").getByText("Ben Marker approved").waitFor();
    });
    await ada.page.getByRole("button", { name: "Take theirs" }).click();
    await ada.page.getByText("Approved by").first().waitFor();
    await ada.until(() => document.querySelector("#c1-score")?.value === "1");
    const row = await place.host.feedback(id);
    assert.deepEqual([row.reviewed_by, row.marking_criteria.criteria[0].score], ["Ben Marker", 1]);
  });

  test("a key that is revoked meanwhile signs its tutor out; what they had not saved is nobody else’s to see", async () => {
    const { api_keys } = await place.host.call("GET", "/api/keys");
    const key = api_keys.find(({ name }) => name === "ben");
    const { page } = ben;
    await page.locator("#c4-comment").fill("For Ben alone.");
    await ben.expecting(/status of 401|WebSocket/, async () => {
      await place.host.call("DELETE", `/api/keys/${key.id}`);
      await page.getByRole("button", { name: "Save", exact: true }).click();
      await page.getByRole("heading", { name: "Sign in" }).waitFor();
    });
    const kept = () => page.evaluate(() => JSON.stringify({ ...sessionStorage }));
    assert.match(await kept(), /For Ben alone/, "it is there when Ben comes back");
    Object.assign(ben, { key: ada.key, name: "Ada Marker" });
    await page.getByLabel("API key or token").fill(ben.key);
    await page.getByLabel(/^Your name/).fill(ben.name);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.locator("#c4-comment").waitFor();
    assert.notEqual(await page.locator("#c4-comment").inputValue(), "For Ben alone.");
  });

  test("to sign out drops what was not saved, and asks first", async () => {
    const { page } = ben;
    await page.locator("#c4-comment").fill("Not saved.");
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("button", { name: "Stay" }).click();
    assert.equal(await page.locator("#c4-comment").inputValue(), "Not saved.");
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("dialog").getByText("1 TMA").waitFor();
    await page.getByRole("button", { name: "Drop it and sign out" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    assert.equal(await page.evaluate(() => JSON.stringify({ ...sessionStorage })), "{}");
    for (const tutor of [ada, ben]) {
      tutor.blameless("of two tutors at once");
      await tutor.leave();
    }
  });
}
