// Every view, in light and dark, held against axe-core; and at 400 %, which is a window 320 pixels wide.

import assert from "node:assert/strict";
import { Tutor } from "./support/browser.mjs";
import { fixture } from "./support/host.mjs";

export function accessibility(test, place) {
  let tutor;
  let page;
  let id;
  const views = {
    queue: async () => {
      await tutor.go("queue");
      await page.locator("tr[data-id]").first().waitFor();
    },
    "TMAs that are chosen": async () => {
      await page.getByRole("checkbox").first().check();
      await page.getByRole("button", { name: "Approve them" }).waitFor();
    },
    "the keys of the queue": async () => {
      await page.keyboard.press("?");
      await page.getByRole("dialog").waitFor();
    },
    TMA: async () => {
      await page.keyboard.press("Escape");
      await page.locator("dialog").waitFor({ state: "detached" });
      await tutor.open(id);
    },
    "a mark out of bounds": async () => {
      await page.locator("#c1-score").fill("1000");
      await page.locator("#c1-error").getByText("From 0 to").waitFor();
    },
    "feedback of a TMA": async () => {
      await page.locator("#c1-score").fill("0");
      await page.getByRole("button", { name: "Feedback", exact: true }).click();
      await page.locator("#letter").fill("Another text.");
    },
    "preview of the feedback": () => page.getByRole("button", { name: "Preview" }).click(),
    "changes of the feedback": () => page.getByRole("button", { name: "Changes from the draft" }).click(),
    "history of a TMA": async () => {
      await page.getByRole("button", { name: "Discard changes" }).click();
      await page.getByRole("button", { name: "History" }).click();
      await page.locator(".timeline li").first().waitFor();
    },
    submit: async () => {
      await tutor.go("submit");
      await page.getByLabel("Choose files").setInputFiles(fixture("dd102-marsh").path);
      await page.locator(".file").first().waitFor();
    },
    "a rubric that cannot be handed in with": async () => {
      await tutor.expecting(/status of 422/, async () => {
        const broken = Buffer.from(fixture("dd102-marsh").rubricText.replace("max_mark: 40", "max_mark: many"));
        await page.getByLabel("or a rubric from a file").setInputFiles({ name: "mine.yaml", mimeType: "text/yaml", buffer: broken });
        await page.locator(".excerpt .at").waitFor();
      });
    },
    rubrics: async () => {
      await tutor.go("rubrics");
      await page.getByLabel("From a file").setInputFiles(fixture("dd102-marsh").rubricPath);
      await page.locator(".outline h2").waitFor();
    },
    "a rubric that is refused": async () => {
      await tutor.expecting(/status of 422/, async () => {
        await page.getByLabel("or write it, as JSON or YAML").fill("{");
        await page.getByRole("button", { name: "Check and keep" }).click();
        await page.getByRole("alert").locator("li").first().waitFor();
      });
    },
    system: async () => {
      await tutor.go("system");
      await page.locator(".parts .part").first().waitFor();
      await page.locator("main tbody tr").first().waitFor();
    },
  };

  test("no view has a serious fault for axe-core, light or dark", async () => {
    // As many as the plot needs to be drawn.
    id = await place.host.submitFixture("dd102-marsh");
    for (const name of ["dd102-hernandez-ruiz", "dd102-al-rashid", "k102-sandhu"]) await place.host.submitFixture(name);
    tutor = await Tutor.arrive(place.browser, place.host, { name: "Ada Marker" });
    page = tutor.page;
    const found = [];
    const look = async (view) => {
      for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme });
        for (const violation of await tutor.violations()) found.push(`${view}, ${colorScheme}: ${violation}`);
      }
    };
    await look("sign in");
    await tutor.signIn();
    for (const [view, show] of Object.entries(views)) {
      await show();
      await look(view);
    }
    assert.deepEqual(found, []);
  });

  test("at 400 %, and on a tablet, no view scrolls sideways", async () => {
    await page.setViewportSize({ width: 320, height: 256 });
    for (const [view, show] of Object.entries(views)) {
      await show();
      await tutor.fits(view);
    }
    await page.setViewportSize({ width: 820, height: 1180 });
    for (const [view, show] of Object.entries(views)) {
      await show();
      await tutor.fits(`${view} on a tablet`);
    }
  });

  test("the queue is filtered by assignment and by what its notes say", async () => {
    await page.setViewportSize({ width: 1280, height: 900 });
    await tutor.go("queue");
    await page.getByLabel("Assignment", { exact: true }).selectOption("DD102-25B-TMA03");
    const all = await page.locator("tr[data-id]").count();
    await page.getByLabel("Note").selectOption({ label: "For you to mark" });
    await tutor.until((n) => document.querySelectorAll("tr[data-id]").length <= n, all);
    for (const row of await page.locator("tr[data-id]").all()) assert.match(await row.innerText(), /DD102-25B-TMA03[\s\S]*For you to mark/);
    await page.getByLabel("Assignment", { exact: true }).selectOption("K102-25J-TMA01");
    await page.getByText("Nothing here.").waitFor();
    await page.getByLabel("Assignment", { exact: true }).selectOption("");
    await page.getByLabel("Note").selectOption("");
  });

  test("the skip link and the names of views are what a screen reader needs", async () => {
    await tutor.go("queue");
    const main = await page.evaluate(() => ({
      landmarks: [...document.querySelectorAll("header, nav, main")].map((one) => one.tagName),
      headings: document.querySelectorAll("h1").length,
      lang: document.documentElement.lang,
      title: document.title,
    }));
    assert.deepEqual(main, { landmarks: ["HEADER", "NAV", "MAIN"], headings: 1, lang: "en-GB", title: "Queue · AWAP" });
    await page.locator("a.skip").focus();
    await page.keyboard.press("Enter");
    await tutor.until(() => document.activeElement?.id === "main");
    assert.equal(await page.locator("h1").innerText(), "Queue");
    tutor.blameless("in any view");
    await tutor.leave();
  });
}
