// Takes the pictures of the README anew, of fixture TMAs: node screenshots.mjs FOLDER.

import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { Tutor, launch } from "./support/browser.mjs";
import { Host } from "./support/host.mjs";

const folder = process.argv[2];
const FIXTURES = ["k102-odonoghue", "k102-sandhu", "dd102-hernandez-ruiz", "dd102-al-rashid", "dd102-marsh", "tm112-kowalczyk", "tm112-nguyen", "tm112-van-den-berg", "tm112-okonkwo"];
const MOST_BYTES = 200 * 1024;

const host = await Host.start();
const browser = await launch();
try {
  const ids = {};
  for (const name of FIXTURES) ids[name] = await host.submitFixture(name);
  await host.call("PATCH", `/api/feedback/${ids["tm112-nguyen"]}`, { reviewed_by: "Ada Marker" });

  const tutor = await Tutor.arrive(browser, host, { name: "Ada Marker", viewport: { width: 1180, height: 740 } });
  const { page } = tutor;
  const take = async (name) => {
    const path = join(folder, `${name}.png`);
    // What was said fades away by itself; a picture does not wait for it.
    await page.evaluate(() => (document.getElementById("said").textContent = ""));
    await page.screenshot({ path, animations: "disabled" });
    const { size } = statSync(path);
    console.log(`${path}: ${Math.round(size / 1024)} KB`);
    if (size > MOST_BYTES) throw new Error(`${path} is larger than ${MOST_BYTES} bytes`);
  };
  const queue = async () => {
    await tutor.go("queue");
    await page.locator(".chart canvas").waitFor();
    await page.locator("tr[data-id]").nth(FIXTURES.length - 1).waitFor();
  };
  const tma = async () => {
    await tutor.open(ids["tm112-okonkwo"]);
    await page.locator("#c1-score").fill("15");
    await page.locator("#total").getByText("97", { exact: true }).waitFor();
    await page.locator("#c1 .quote").first().click();
    await page.locator("mark.lit").first().waitFor();
  };

  mkdirSync(folder, { recursive: true });
  await tutor.signIn();
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await queue();
    await take(`queue-${colorScheme}`);
    await tma();
    await take(`tma-${colorScheme}`);
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 390, height: 844 });
  await queue();
  await take("queue-narrow");
  await tma();
  await page.evaluate(() => window.scrollTo(0, 0));
  await take("tma-narrow");
  tutor.blameless("in the pictures");
} finally {
  await browser.close();
  await host.remove();
}
