// How long a page takes to open in headless Chromium: from the address to its first row, and a search in it; three times.
//
//   node opened.mjs PAGE CHROMIUM      in a folder with playwright-core, as scripts/integration.d/dashboard makes one
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import fs from "node:fs";

const [page, executablePath] = process.argv.slice(2);
const { chromium } = createRequire(`${process.cwd()}/`)("playwright-core");
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
for (let time = 0; time < 3; time++) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const tab = await context.newPage();
  let began = Date.now();
  await tab.goto(pathToFileURL(page).href);
  await tab.waitForSelector("tr[data-arn]");
  const opened = Date.now() - began;
  const all = await tab.textContent("#count");
  began = Date.now();
  await tab.fill("#q", (await tab.getAttribute("tr[data-arn]", "data-arn")).slice(-6));
  await tab.waitForFunction((all) => document.getElementById("count").textContent !== all, all);
  console.log(`${fs.statSync(page).size} bytes, ${all}: open after ${opened} ms, searched after ${Date.now() - began} ms`);
  await context.close();
}
await browser.close();
