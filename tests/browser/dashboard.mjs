// The page of `leastwise report` in headless Chromium: filters, search, drill-down, state in the address, hostile names,
// keyboard, CSV; and no request, no error in the console, no violation of the page's own policy.
//
//   node dashboard.mjs PAGE CHROMIUM FOLDER-FOR-PICTURES
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import assert from "node:assert/strict";
import fs from "node:fs";

const [page, executablePath, pictures] = process.argv.slice(2);
const { chromium } = createRequire(`${process.cwd()}/`)("playwright-core");
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, acceptDownloads: true });
const tab = await context.newPage();
const url = pathToFileURL(page).href;
const troubles = [];
tab.on("console", (message) => { if (["error", "warning"].includes(message.type())) troubles.push(message.text()); });
tab.on("pageerror", (error) => troubles.push(String(error)));
tab.on("request", (request) => { if (!request.url().startsWith(url) && !request.url().startsWith("blob:")) troubles.push(`request: ${request.url()}`); });
tab.on("dialog", (dialog) => { troubles.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });

const started = Date.now();
await tab.goto(url);
await tab.waitForSelector("tr[data-arn]");
console.log(`the page of ${fs.statSync(page).size} bytes was there after ${Date.now() - started} ms`);
const data = await tab.evaluate(() => JSON.parse(document.getElementById("data").textContent));
const rows = () => tab.locator("tr[data-arn]").count();
const count = async () => Number((await tab.textContent("#count")).split(" ")[0]);
assert.equal(await count(), data.entities.length);
assert.ok((await rows()) <= 400);
if (pictures) await tab.screenshot({ path: `${pictures}/light.png` });

// A card filters; what it counts is what is shown; the state is in the address and comes back with it.
for (const card of data.questions) {
  await tab.click(`button[data-card=${card.id}]`);
  assert.equal(await count(), card.verdicts.split("C").length - 1, card.id);
  await tab.selectOption("#verdict", "CANNOT");
  assert.equal(await count(), card.verdicts.split("N").length - 1, card.id);
  assert.ok(tab.url().includes(`card=${card.id}`) && tab.url().includes("verdict=CANNOT"), tab.url());
  await tab.reload();
  assert.equal(await count(), card.verdicts.split("N").length - 1, card.id);
  assert.equal(await tab.getAttribute(`button[data-card=${card.id}]`, "aria-pressed"), "true");
  await tab.click("#reset");
}
assert.equal(await count(), data.entities.length);

// Search by name and by tag.
const [first] = data.entities;
await tab.fill("#q", first.name);
assert.ok((await count()) >= 1);
assert.ok((await tab.textContent("tr[data-arn]")).includes(first.name));
await tab.fill("#q", "no such name anywhere");
assert.equal(await count(), 0);
await tab.fill("#q", "");

// Drill-down by keyboard, and back to the row it came from.
await tab.focus("tr[data-arn]");
const arn = await tab.getAttribute("tr[data-arn]", "data-arn");
await tab.keyboard.press("Enter");
assert.equal(await tab.textContent("#detail-title"), arn);
assert.ok((await tab.textContent("#detail")).includes("leastwise access-not-granted"));
if (pictures) await tab.screenshot({ path: `${pictures}/detail.png` });
const opened = tab.url();
await tab.keyboard.press("Escape");
assert.equal(await tab.evaluate(() => document.activeElement.dataset.arn), arn);
await tab.keyboard.press("ArrowDown");
await tab.goto("about:blank");
await tab.goto(opened);
assert.equal(await tab.textContent("#detail-title"), arn);
await tab.keyboard.press("Escape");

// Whatever an account calls things is text.
for (const entity of data.entities.slice(0, 40)) {
  await tab.evaluate((of) => { location.hash = `#open=${encodeURIComponent(of)}`; }, entity.arn);
  await tab.waitForFunction((of) => document.getElementById("detail-title")?.textContent === of, entity.arn);
  const texts = await tab.textContent("#detail");
  for (const [key, value] of Object.entries(entity.tags)) assert.ok(texts.includes(`${key} = ${value}`));
  await tab.keyboard.press("Escape");
}
assert.equal(await tab.evaluate(() => document.querySelectorAll("main img, main iframe, dialog img, main script, dialog script").length), 0);

// With evidence: findings filter, what takes most away comes first, and a policy stands beside what becomes of it.
if (data.recommendations) {
  const advice = Object.fromEntries(data.recommendations.map((one) => [one.resource, one]));
  const removed = await tab.$$eval("tr[data-arn]", (all) => all.map((row) => Number(row.children[5].textContent)));
  assert.deepEqual(removed, [...removed].sort((a, b) => b - a));
  assert.equal(await tab.getAttribute("th[data-sort=removed]", "aria-sort"), "descending");
  for (const type of new Set(data.findings.map((one) => one.findingType))) {
    await tab.selectOption("#finding", type);
    assert.equal(await count(), new Set(data.findings.filter((one) => one.findingType === type).map((one) => one.resource)).size, type);
    await tab.reload();
    assert.equal(await tab.inputValue("#finding"), type);
    await tab.click("#reset");
  }
  for (const entity of data.entities.filter((one) => ["PROVED", "EMPTY"].includes(advice[one.arn]?.result))) {
    await tab.evaluate((of) => { location.hash = `#open=${encodeURIComponent(of)}`; }, entity.arn);
    await tab.waitForFunction((of) => document.getElementById("detail-title")?.textContent === of, entity.arn);
    const changed = advice[entity.arn].policies.filter((policy) => policy.changed);
    assert.ok((await tab.locator("pre.before").count()) >= 1 && (await tab.locator("pre.after").count()) >= 1, entity.arn);
    for (const before of await tab.$$eval("pre.before", (all) => all.map((one) => one.textContent))) assert.ok(before.includes("Statement"));
    const after = (await tab.$$eval("pre.after", (all) => all.map((one) => one.textContent))).join("\n");
    for (const policy of changed) assert.ok(after.includes(JSON.stringify(policy.document, null, 2)), entity.arn);
    const texts = await tab.textContent("#detail");
    assert.ok(texts.includes("leastwise recommend --account") && texts.includes("obligation"), entity.arn);
    for (const use of entity.uses || []) assert.ok(texts.includes(use.place) && texts.includes(use.last));
    for (const blind of data.findings.filter((one) => one.resource === entity.arn).flatMap((one) => one.notObservable)) assert.ok(texts.includes(blind));
    if (pictures) await tab.screenshot({ path: `${pictures}/recommendation.png` });
    await tab.keyboard.press("Escape");
  }
  assert.ok((await tab.textContent("#evidence")).includes("excluded: on leave (until 2027-01-31)"));
  assert.ok(data.trend.length > 1 && (await tab.textContent("#charts")).includes("Actions to remove"));
  await tab.click("#reset");
}

// Sorting says so.
await tab.click("#reset");
await tab.click("th[data-sort=kind] button");
assert.equal(await tab.getAttribute("th[data-sort=kind]", "aria-sort"), "ascending");

// CSV: a line a principal, and no formula.
const [download] = await Promise.all([tab.waitForEvent("download"), tab.click("#csv")]);
const csv = fs.readFileSync(await download.path(), "utf8");
assert.ok(csv.split("\r\n").length >= data.entities.length + 1);
assert.ok(csv.split("\r\n").every((line) => /^"[^=+@-]/.test(line)), csv.slice(0, 200));

// Scrolling shows the last row and never many.
await tab.click("#reset");
await tab.evaluate(() => { const scroll = document.getElementById("scroll"); scroll.scrollTop = scroll.scrollHeight; });
await tab.waitForTimeout(200);
assert.ok((await rows()) <= 400);

// On paper, too, everybody sees who can do what.
await tab.evaluate(() => scrollTo(0, 0));
await tab.setViewportSize({ width: 700, height: 1000 });
await tab.emulateMedia({ media: "print" });
const last = await tab.locator("thead th").last().boundingBox();
assert.ok(last.width > 150 && last.x + last.width <= 700, JSON.stringify(last));
await tab.emulateMedia({ media: "screen" });
await tab.setViewportSize({ width: 1280, height: 900 });

if (pictures) {
  await tab.evaluate(() => scrollTo(0, 0));
  await tab.emulateMedia({ colorScheme: "dark" });
  await tab.screenshot({ path: `${pictures}/dark.png` });
  await tab.setViewportSize({ width: 390, height: 844 });
  await tab.screenshot({ path: `${pictures}/narrow.png` });
  await tab.setViewportSize({ width: 1000, height: 1300 });
  await tab.emulateMedia({ colorScheme: "light", media: "print" });
  await tab.screenshot({ path: `${pictures}/print.png` });
}
assert.deepEqual(troubles, []);
await browser.close();
console.log(`the page of ${data.entities.length} principals does what it must`);
