// The tutors' page in a real browser, on a real host. Run by scripts/test page; one part by its name: node suite.mjs hostile.

import { after, before, test } from "node:test";
import { accessibility } from "./accessibility.mjs";
import { alike } from "./alike.mjs";
import { haste } from "./haste.mjs";
import { hostile } from "./hostile.mjs";
import { keyboard } from "./keyboard.mjs";
import { queue } from "./queue.mjs";
import { story } from "./story.mjs";
import { CHROMIUM, launch } from "./support/browser.mjs";
import { Host } from "./support/host.mjs";
import { tutors } from "./tutors.mjs";

const PARTS = { story, keyboard, queue, tutors, alike, haste, hostile, accessibility };
const chosen = process.argv.slice(2);

if (!CHROMIUM) {
  console.log("skipped: Chromium is missing, so the page is not looked at (apt-get install chromium)");
} else {
  const place = {};
  before(async () => {
    [place.host, place.browser] = await Promise.all([Host.start(), launch()]);
  });
  after(async () => {
    await place.browser?.close();
    await place.host?.remove();
  });
  for (const [name, part] of Object.entries(PARTS)) {
    if (!chosen.length || chosen.includes(name)) part((title, run) => test(`${name}: ${title}`, run), place);
  }
}
