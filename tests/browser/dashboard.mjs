// The page of `leastwise report` in headless Chromium: filters, search, drill-down, state in the address, hostile names,
// keyboard, CSV; and no request, no error in the console, no violation of the page's own policy.
//
// Beside that: what the copy button puts on the clipboard, and without one; a reader's tree of roles and names, with axe-core;
// everything within reach of the keyboard.
//
//   node dashboard.mjs PAGE CHROMIUM FOLDER-FOR-PICTURES
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import assert from "node:assert/strict";
import fs from "node:fs";
import zlib from "node:zlib";

const [page, executablePath, pictures] = process.argv.slice(2);
const require = createRequire(`${process.cwd()}/`);
const { chromium } = require("playwright-core");
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, acceptDownloads: true });
const tab = await context.newPage();
const url = pathToFileURL(page).href;
const troubles = [];
tab.on("console", (message) => { if (["error", "warning"].includes(message.type())) troubles.push(message.text()); });
tab.on("pageerror", (error) => troubles.push(String(error)));
tab.on("request", (request) => { if (!request.url().startsWith(url) && !request.url().startsWith("blob:")) troubles.push(`request: ${request.url()}`); });
tab.on("dialog", (dialog) => { troubles.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });

// The data of a large page is compressed, and its rows come a moment after it.
const ready = () => tab.waitForFunction(() => document.getElementById("count").textContent);
const started = Date.now();
await tab.goto(url);
await tab.waitForSelector("tr[data-arn]");
console.log(`the page of ${fs.statSync(page).size} bytes was there after ${Date.now() - started} ms`);
const written = JSON.parse(await tab.textContent("#data"));
const data = typeof written === "string" ? JSON.parse(zlib.gunzipSync(Buffer.from(written, "base64"))) : written;
const rows = () => tab.locator("tr[data-arn]").count();
const count = async () => Number((await tab.textContent("#count")).split(" ")[0]);
assert.equal(await count(), data.entities.length);
assert.ok((await rows()) <= 400);
if (pictures) await tab.screenshot({ path: `${pictures}/light.png` });

// The data's lists and documents, read by their description (src/report/dashboard/pack.rs).
const words = data.words.flatMap(([group, rest]) => rest.map((one) => (group === null ? one : `${group}:${one}`)));
const list = (steps = "") => {
  let at = -1;
  return steps.split(" ").filter(Boolean).flatMap((step) => {
    const [first, more = "0"] = step.split("+").map((part) => parseInt(part, 36));
    const from = at + first;
    at = from + Number(more);
    return words.slice(from, at + 1);
  });
};
const members = (value) => Object.fromEntries(Object.entries(value).map(([key, one]) => [key, unpacked(one)]));
const unpacked = (value) => {
  if (Array.isArray(value)) return value.map(unpacked);
  if (value === null || typeof value !== "object") return value;
  if ("" in value) return typeof value[""] === "string" ? list(value[""]) : members(value[""][0]);
  return members(value);
};
const document_of = (number) => {
  const packed = data.docs[number];
  if (Array.isArray(packed)) return unpacked(packed[0]);
  return Object.fromEntries(Object.entries(packed).map(([key, one]) => [key, key === "Statement" ? one.map((at) => unpacked(data.statements[at])) : unpacked(one)]));
};

// A screen reader's view: no rule of WCAG 2 A and AA is broken that axe-core knows, in light and dark, with a row opened and without.
const accessible = async (where) => {
  // The page's own policy lets no script in, and this one comes from the browser.
  if (!(await tab.evaluate(() => Boolean(window.axe)))) await tab.evaluate(`${axe}; undefined`);
  const found = await tab.evaluate(async () => (await window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] })).violations
    .map((one) => `${one.id} (${one.impact}): ${one.help}: ${one.nodes.slice(0, 3).map((node) => `${node.target} ${node.html.slice(0, 160)}`).join(" | ")}`));
  assert.deepEqual(found, [], where);
};

// A card filters; what it counts is what is shown; the state is in the address and comes back with it.
for (const card of data.questions) {
  await tab.click(`button[data-card=${card.id}]`);
  assert.equal(await count(), card.verdicts.split("C").length - 1, card.id);
  await tab.selectOption("#verdict", "CANNOT");
  assert.equal(await count(), card.verdicts.split("N").length - 1, card.id);
  assert.ok(tab.url().includes(`card=${card.id}`) && tab.url().includes("verdict=CANNOT"), tab.url());
  await tab.reload();
  await ready();
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

// What a screen reader is told: how many rows there are and which one it reads, what the cards count, and each change of the count.
assert.equal(await tab.getAttribute("#rows", "aria-rowcount"), String(data.entities.length + 1));
assert.equal(await tab.getAttribute("tr[data-arn]", "aria-rowindex"), "2");
assert.equal(await tab.getAttribute("#count", "role"), "status");
for (const card of data.questions) {
  const name = tab.getByRole("button", { name: new RegExp(`^${card.title} ${card.verdicts.split("C").length - 1} `) });
  assert.equal(await name.count(), 1, card.title);
  assert.equal(await name.getAttribute("aria-pressed"), "false");
}
for (const name of ["Evidence", "Questions; each filters the table", "Principals", "Charts"]) assert.equal(await tab.getByRole("region", { name, exact: true }).count(), 1, name);
assert.equal(await tab.getByRole("searchbox").count(), 1);
for (const colorScheme of ["light", "dark"]) {
  await tab.emulateMedia({ colorScheme });
  await accessible(`the page, ${colorScheme}`);
}
await tab.emulateMedia({ colorScheme: "light" });

// The keyboard alone reaches the link over everything, every card, every tool, every column and the table, in the order of the page.
await tab.goto("about:blank");
await tab.goto(url);
await tab.waitForSelector("tr[data-arn]");
const walked = [];
for (let step = 0; step < 60; step++) {
  await tab.keyboard.press("Tab");
  const at = await tab.evaluate(() => {
    const node = document.activeElement, box = node.getBoundingClientRect();
    return { name: node.className === "skip" ? "skip" : node.dataset.card || node.id || node.dataset.arn || node.closest("th")?.dataset.sort || node.tagName, row: Boolean(node.dataset.arn), seen: box.width > 0 && box.bottom > 0 && box.top < innerHeight };
  });
  assert.ok(at.seen, `${at.name} has the focus and is not to be seen`);
  walked.push(at.name);
  if (at.row) break;
}
const due = ["skip", ...data.questions.map((one) => one.id), "q", "kind", "account", "reset", "csv", "name", "kind", "account", "used"];
let from = 0;
for (const name of due) {
  const at = walked.indexOf(name, from);
  assert.ok(at >= 0, `${name} in ${walked}`);
  from = at + 1;
}
assert.ok(walked.length < 60, "a row is reached");
// A card by the space bar, a choice by its arrows, a column by Enter.
await tab.focus(`button[data-card=${data.questions[0].id}]`);
await tab.keyboard.press("Space");
assert.equal(await tab.getAttribute(`button[data-card=${data.questions[0].id}]`, "aria-pressed"), "true");
await tab.keyboard.press("Space");
await tab.focus("th[data-sort=used] button");
await tab.keyboard.press("Enter");
assert.equal(await tab.getAttribute("th[data-sort=used]", "aria-sort"), "descending");
await tab.click("#reset");

// Drill-down by keyboard, and back to the row it came from.
await tab.focus("tr[data-arn]");
const arn = await tab.getAttribute("tr[data-arn]", "data-arn");
await tab.keyboard.press("Enter");
assert.equal(await tab.textContent("#detail-title"), arn);
assert.ok((await tab.textContent("#detail")).includes("leastwise access-not-granted"));
if (pictures) await tab.screenshot({ path: `${pictures}/detail.png` });
const opened = tab.url();
// What is open is a dialog with a name, the focus stays in it, and it is as accessible.
assert.equal(await tab.getByRole("dialog", { name: arn, exact: true }).count(), 1);
await accessible("a principal");
for (let step = 0; step < 40; step++) {
  await tab.keyboard.press("Tab");
  assert.ok(await tab.evaluate(() => document.activeElement === document.body || Boolean(document.activeElement.closest("dialog"))), "the focus stays in what is open");
}
// The copy button: the command as it is shown, quotes and all, is on the clipboard; without the clipboard's interface too.
const shown = (await tab.textContent("#detail .bar code")).trim();
for (const way of ["navigator.clipboard", "document.execCommand", "nothing"]) {
  await tab.evaluate((way) => {
    window.copied = undefined;
    const texts = { writeText: (text) => { window.copied = text; return Promise.resolve(); } };
    Object.defineProperty(navigator, "clipboard", { value: way === "navigator.clipboard" ? texts : way === "nothing" ? { writeText: () => Promise.reject(new Error("denied")) } : undefined, configurable: true });
    document.execCommand = (name) => { if (way === "nothing") return false; window.copied = name === "copy" ? String(document.activeElement.value).slice(document.activeElement.selectionStart, document.activeElement.selectionEnd) : undefined; return true; };
  }, way);
  const button = tab.locator("#detail .bar button").first();
  await button.click();
  const said = way === "nothing" ? "Select and copy it yourself" : "Copied";
  await tab.waitForFunction((said) => document.querySelector("#detail .bar button").textContent === said, said);
  assert.equal(await tab.evaluate(() => window.copied), way === "nothing" ? undefined : shown, way);
  assert.equal(await tab.textContent("#said"), way === "nothing" ? "The command was not copied: select and copy it yourself" : "The command is copied", "a reader is told");
  assert.equal(await tab.evaluate(() => document.querySelectorAll("textarea").length), 0);
  assert.ok(await tab.evaluate(() => document.activeElement === document.querySelector("#detail .bar button")), "the focus is where it was");
  await tab.waitForFunction(() => document.querySelector("#detail .bar button").textContent === "Copy command");
}
await tab.keyboard.press("Escape");
assert.equal(await tab.evaluate(() => document.activeElement.dataset.arn), arn);
await tab.keyboard.press("ArrowDown");
await tab.goto("about:blank");
await tab.goto(opened);
await ready();
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
    await ready();
    assert.equal(await tab.inputValue("#finding"), type);
    await tab.click("#reset");
  }
  for (const entity of data.entities.filter((one) => ["PROVED", "EMPTY"].includes(advice[one.arn]?.result))) {
    await tab.evaluate((of) => { location.hash = `#open=${encodeURIComponent(of)}`; }, entity.arn);
    await tab.waitForFunction((of) => document.getElementById("detail-title")?.textContent === of, entity.arn);
    const changed = advice[entity.arn].becomes.flatMap(([, parts]) => parts);
    assert.ok((await tab.locator("pre.before").count()) >= 1 && (await tab.locator("pre.after").count()) >= 1, entity.arn);
    for (const before of await tab.$$eval("pre.before", (all) => all.map((one) => one.textContent))) assert.ok(before.includes("Statement"));
    const after = (await tab.$$eval("pre.after", (all) => all.map((one) => one.textContent))).join("\n");
    for (const [name, number] of changed) assert.ok(after.includes(JSON.stringify(document_of(number), null, 2)) && after.includes(name), entity.arn);
    const texts = await tab.textContent("#detail");
    assert.ok(texts.includes("leastwise recommend --account") && texts.includes("obligation"), entity.arn);
    for (const [event, last, , file, line] of entity.uses || []) assert.ok(texts.includes(words[event]) && texts.includes(last) && texts.includes(`${words[file]}:${line}`));
    const own = data.findings.filter((one) => one.resource === entity.arn);
    for (const blind of own.flatMap((one) => list(one.notObservable))) assert.ok(texts.includes(blind));
    for (const name of own.flatMap((one) => [...list(one.actions).map((action) => action.split(":")[1]), ...list(one.services)])) assert.ok(texts.includes(name), name);
    await accessible(entity.arn);
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
const cells = csv.split("\r\n").map((line) => [...line.matchAll(/"((?:[^"]|"")*)"(?:,|$)/g)].map((cell) => cell[1].replaceAll('""', '"')));
assert.ok(cells.every((line) => line.length === 8 + data.questions.length), "a cell a column");
assert.ok(cells.flat().every((cell) => !/^[=+\-@\t\r]/.test(cell)), "no spreadsheet takes a cell for a formula");
const [head, ...lines] = cells;
for (const entity of data.entities) {
  const own = lines.filter((line) => line[0] === entity.arn);
  assert.equal(own.length, 1, entity.arn);
  const names = entity.policies.map((one) => one.name).join(" ");
  assert.equal(own[0][7], (/^[=+\-@\t\r]/.test(names) ? "'" : "") + names);
  data.questions.forEach((card, at) => {
    assert.equal(head[8 + at], card.title);
    assert.equal(own[0][8 + at], { C: "CAN", N: "CANNOT", U: "UNKNOWN" }[card.verdicts[data.entities.indexOf(entity)]]);
  });
}
// With a filter, what is shown.
await tab.fill("#q", first.name);
const [some] = await Promise.all([tab.waitForEvent("download"), tab.click("#csv")]);
assert.equal(fs.readFileSync(await some.path(), "utf8").split("\r\n").length, (await count()) + 1);

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
