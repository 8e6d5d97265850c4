// Forms in a real browser, against the made-up platform of page/dev: what is typed wrongly, twice, offline or too late.
// `node --test page/test/browser/forms.mjs`, once the page is built; CHROMIUM names the browser, SCREENSHOTS a folder.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, beforeEach, test } from "node:test";
import { chromium } from "playwright-core";
import { platform } from "../../dev/server.mjs";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const QUIET =
  "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync --no-first-run";
const SIZES = {
  desktop: { viewport: { width: 1280, height: 900 } },
  phone: { viewport: { width: 390, height: 844 } },
  dark: { viewport: { width: 1280, height: 900 }, colorScheme: "dark" },
};
const VIEWS = ["sessions", "limits", "prices", "history", "events", "reports", "signals"];

let browser;
let server;
let state;
let context;
let page;
let errors;

before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: QUIET.split(" "),
  });
});

after(async () => {
  await browser?.close();
});

beforeEach(async () => {
  ({ server, state } = platform());
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  await open(SIZES.desktop);
});

async function open(size) {
  context = await browser.newContext(size);
  context.setDefaultTimeout(5000);
  page = await context.newPage();
  errors = [];
  page.on("pageerror", (error) => errors.push(error.message));
  // What the browser itself says of an answer such as 409 is no error of the page.
  page.on("console", (line) => {
    if (line.type() === "error" && !line.text().startsWith("Failed to load resource")) errors.push(line.text());
  });
  await page.goto(`http://127.0.0.1:${server.address().port}/energy/#token=made-up`);
  await page.getByRole("heading", { level: 1 }).waitFor();
}

async function close() {
  await context.close();
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
}

/** A test that also holds that the page had no error, and leaves nothing behind. */
function inBrowser(name, run) {
  test(name, async () => {
    try {
      await run();
      if (process.env.SCREENSHOTS) await page.screenshot({ path: pictureOf(name), fullPage: true });
      assert.deepEqual(errors, []);
    } finally {
      await close();
    }
  });
}

function pictureOf(name) {
  return `${process.env.SCREENSHOTS}/${name.replace(/[^a-z0-9]+/gi, "-").slice(0, 60)}.png`;
}

async function go(section) {
  await page.evaluate((hash) => {
    location.hash = hash;
  }, `#/sites/garage/${section}`);
}

const form = (name) => page.getByRole("form", { name, exact: true });
const grid = () => state.limits.garage.grid;

/** Somebody else saves this meanwhile. */
function meanwhile(change) {
  change();
  state.revision += 1;
}

/** What has the focus, and what describes it. */
const focused = () =>
  page.evaluate(() => {
    const { activeElement: it } = document;
    const about = (it.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean);
    return {
      name: it.getAttribute("aria-label") ?? it.labels?.[0]?.textContent ?? it.textContent,
      invalid: it.getAttribute("aria-invalid") === "true",
      described: about.map((id) => document.getElementById(id)?.textContent).join(" "),
    };
  });

async function baseForm(kw) {
  await go("limits");
  const base = form("Base limit");
  await base.getByLabel("Given in").selectOption("kW");
  await base.getByLabel("Limit").fill(kw);
  return { base, save: base.getByRole("button", { name: "Save base limit" }) };
}

inBrowser("a limit in W is doubted while it is typed, and asked about before it is taken", async () => {
  const { base, save } = await baseForm("34500");
  await base.getByText("Is it in W?").first().waitFor();
  await save.click();
  await page.getByRole("dialog").getByText("500 times").waitFor();
  await page.getByRole("button", { name: "No, back to the form" }).click();
  assert.equal(await base.getByLabel("Limit").inputValue(), "34500");
  assert.equal(grid().base.limit_kw, null);

  await base.getByRole("button", { name: "Take 34.5 kW" }).click();
  await save.click();
  await base.getByText("Saved: 34.5 kW").waitFor();
  assert.equal(grid().base.limit_kw, 34.5);
});

inBrowser("what is asked about can be put right where it is asked", async () => {
  const { base, save } = await baseForm("34500");
  await save.click();
  await page.getByRole("dialog").getByRole("button", { name: "I meant 34.5 kW" }).click();
  assert.equal(await base.getByLabel("Limit").inputValue(), "34.5");
  await save.click();
  await base.getByText("Saved: 34.5 kW").waitFor();
});

inBrowser("why a limit is changed is kept until it is saved, and told with it", async () => {
  const { base, save } = await baseForm("50");
  await base.getByLabel("Reason").fill("works & more");
  await page.reload();
  assert.equal(await base.getByLabel("Reason").inputValue(), "works & more");
  const [sent] = await Promise.all([
    page.waitForRequest((request) => request.method() === "PUT" && request.url().includes("/limits/grid/base")),
    save.click(),
  ]);
  assert.equal(new URL(sent.url()).searchParams.get("reason"), "works & more");
  await base.getByText("Saved: 50 kW").waitFor();
  assert.equal(await base.getByLabel("Reason").inputValue(), "");
});

inBrowser("an odd limit is taken once it is confirmed", async () => {
  const { base, save } = await baseForm("34500");
  await save.click();
  await page.getByRole("button", { name: "Yes, take it" }).click();
  await base.getByText("Saved: 34500 kW").waitFor();
  assert.equal(grid().base.limit_kw, 34500);
});

inBrowser("the focus goes to the field that is wrong, and what is wrong describes it", async () => {
  const { save } = await baseForm("34,500");
  await save.click();
  await page.locator("[aria-invalid=true]").waitFor();
  const { name, invalid, described } = await focused();
  assert.match(name, /^Limit/);
  assert.ok(invalid);
  assert.match(described, /can be read in two ways: write 34500 or 34\.5 /);
});

inBrowser("what was typed is there after a reload, until it is discarded", async () => {
  const { base } = await baseForm("50");
  await page.reload();
  await base.getByText("Not saved yet").waitFor();
  assert.equal(await base.getByLabel("Limit").inputValue(), "50");
  await base.getByRole("button", { name: "Discard changes" }).click();
  assert.equal(await base.getByLabel("Limit on each phase").inputValue(), "100");
});

inBrowser("what somebody else saved is shown beside what was typed, and either can be taken", async () => {
  const { base, save } = await baseForm("50");
  meanwhile(() => {
    grid().base = { limit_kw: 60 };
  });
  await save.click();
  await base.getByText("Somebody else has changed this").waitFor();
  const row = base.getByRole("row", { name: /Base limit/ });
  assert.match(await row.textContent(), /69 kW.*60 kW.*50 kW/);
  assert.equal(grid().base.limit_kw, 60);
  await base.getByRole("button", { name: "Go on with mine" }).click();
  assert.equal(await base.getByLabel("Limit").inputValue(), "50");
  await save.click();
  await base.getByText("Saved: 50 kW").waitFor();

  await base.getByLabel("Limit").fill("40");
  meanwhile(() => {
    grid().base = { limit_kw: 60 };
  });
  await save.click();
  await base.getByRole("button", { name: "Take theirs, drop mine" }).click();
  assert.equal(await base.getByLabel("Limit").inputValue(), "60");
  assert.equal(grid().base.limit_kw, 60);
});

inBrowser("what somebody else changed elsewhere at the site is in nobody's way", async () => {
  const { base, save } = await baseForm("50");
  meanwhile(() => grid().weekly.pop());
  await save.click();
  await base.getByText("Saved: 50 kW").waitFor();
  assert.deepEqual([grid().base.limit_kw, grid().weekly], [50, []]);
});

inBrowser("who has to sign in again goes on where they were", async () => {
  const { base, save } = await baseForm("50");
  state.expired = true;
  await save.click();
  const dialog = page.getByRole("dialog");
  await dialog.waitFor();
  state.expired = false;
  await dialog.getByRole("textbox").fill("another");
  await dialog.getByRole("textbox").press("Enter");
  await dialog.waitFor({ state: "detached" });
  assert.equal(await base.getByLabel("Limit").inputValue(), "50");
  await save.click();
  await base.getByText("Saved: 50 kW").waitFor();
});

inBrowser("without network nothing typed is lost, and it can be saved later", async () => {
  const { base, save } = await baseForm("50");
  await context.setOffline(true);
  await save.click();
  await base.getByText("The platform did not answer").waitFor();
  await context.setOffline(false);
  assert.equal(await base.getByLabel("Limit").inputValue(), "50");
  await save.click();
  await base.getByText("Saved: 50 kW").waitFor();
});

inBrowser("an override that overlaps another is told at its field, and goes in once the other is removed", async () => {
  await go("limits");
  const override = form("Add an override");
  const fill = async (kw, reason) => {
    await override.getByLabel("Given in").selectOption("kW");
    await override.getByLabel("Limit").fill(kw);
    await override.getByLabel("Reason").fill(reason);
    await override.getByRole("button", { name: "Add override" }).click();
  };
  await fill("20", "works");
  await override.getByText("Added: 20 kW").waitFor();
  await fill("25", "more works");
  await page.locator("[aria-invalid=true]").waitFor();
  assert.match((await focused()).described, /Overlaps 20 kW.*\(works\)/);

  await page.getByRole("button", { name: /^Remove the override of 20 kW/ }).click();
  await page.getByRole("button", { name: "Remove it" }).click();
  await page.getByText("Removed: 20 kW").waitFor();
  await override.getByRole("button", { name: "Add override" }).click();
  await override.getByText("Added: 25 kW").waitFor();
  assert.deepEqual(
    grid().overrides.map(({ limit_kw, reason }) => [limit_kw, reason]),
    [[25, "more works"]],
  );
});

inBrowser("the calendar is edited by keyboard, clashes are told, and what changing clocks do to it", async () => {
  await go("limits");
  const calendar = form("Weekly calendar");
  await calendar.getByRole("button", { name: "Add a rule" }).focus();
  await page.keyboard.press("Enter");
  await calendar.getByRole("group", { name: "Rule 2: days" }).waitFor();
  await page.waitForFunction(() => document.activeElement.getAttribute("aria-label") === "Monday");
  for (const key of ["Tab", "Tab", "Tab", "Tab", "Tab", "Space", "Tab", "Space"]) await page.keyboard.press(key);
  await calendar.getByLabel("Rule 2: Limit").fill("8");
  await calendar.getByRole("button", { name: "Save calendar" }).press("Enter");
  await calendar.getByText("Overlaps rule 1 (Mon to Fri, 17:00 to 21:00)").waitFor();
  assert.equal((await focused()).name, "Monday");

  await calendar.getByLabel("Rule 2: from").fill("02:00");
  await calendar.getByLabel("Rule 2: until").fill("03:00");
  await calendar.getByText("so 02:00 to 03:00 does not occur that day").waitFor();
  await calendar.getByRole("button", { name: "Save calendar" }).press("Enter");
  await calendar.getByText("Saved: 2 rules").waitFor();
  const { day_of_week, start_time, end_time } = grid().weekly[1];
  assert.deepEqual([day_of_week, start_time, end_time], [undefined, "02:00", "03:00"]);
});

const hours = (skip) =>
  Array.from({ length: 24 }, (_, hour) => `2026-11-24T${String(hour).padStart(2, "0")}:00`).filter(
    (_, hour) => hour !== skip,
  );

inBrowser("a CSV with decimal commas or a missing hour is told by line, and kept until it is taken", async () => {
  await go("prices");
  const upload = form("Upload prices or a forecast");
  const text = upload.getByLabel("Or paste it here");
  await text.fill(["start,value", ...hours().map((time) => `${time},0,21`)].join("\n"));
  await upload.getByText("'0,21': write 0.21, or separate columns by ';'").first().waitFor();
  await upload.getByRole("button", { name: "Upload" }).click();
  await upload.getByText("Not saved.").waitFor();
  await text.fill(["start;value", ...hours(15).map((time) => `${time};0,21`)].join("\n"));
  await upload.getByText("15:00 is missing: the line before is 14:00, this one 16:00").waitFor();
  await page.reload();
  assert.match(await text.inputValue(), /T23:00;0,21$/);
  await text.fill(["start;value", ...hours().map((time) => `${time};0,21`)].join("\n"));
  await upload.getByRole("button", { name: "Upload" }).click();
  await upload.getByText("Taken: 24 values").waitFor();
  assert.equal(await text.inputValue(), "");
});

inBrowser("an upload is taken back", async () => {
  await go("prices");
  await page.getByRole("button", { name: "Take it back" }).click();
  await page.getByRole("button", { name: "Yes, take it back" }).click();
  await page.getByText("Taken back: ").waitFor();
  await page.getByText("Nothing was uploaded of today and tomorrow.").waitFor();
  assert.equal(await page.getByRole("button", { name: "Take it back" }).count(), 0);
  assert.deepEqual([...state.takenBack], ["price"]);
});

inBrowser("prices by hours of the week are edited, and a rule without one is told", async () => {
  await go("prices");
  const prices = form("Prices");
  await prices.getByLabel("What a kWh costs: how").selectOption("week");
  await prices.getByRole("button", { name: "Add a rule" }).click();
  await prices.getByRole("button", { name: "Save prices" }).click();
  await page.locator("[aria-invalid=true]").waitFor();
  assert.match((await focused()).name, /^Rule 1: price/);
  await page.keyboard.type("0,42");
  await prices.getByRole("button", { name: "Save prices" }).click();
  await prices.getByText("Saved.").waitFor();
  assert.equal(state.prices.garage.price_per_kwh.weekly[0].value, 0.42);
});

inBrowser("priorities are set, and a wrong one is told at its EVSE", async () => {
  await go("sessions");
  const priorities = form("Priorities");
  await priorities.getByLabel("EVSE 031").fill("0");
  await priorities.getByRole("button", { name: "Save priorities" }).click();
  await priorities.getByText("Must be more than 0").waitFor();
  await priorities.getByLabel("EVSE 031").fill("3");
  await priorities.getByRole("button", { name: "Save priorities" }).click();
  await priorities.getByText("Saved.").waitFor();
  assert.deepEqual(state.priorities.garage, { "031": 3, "036": 2 });
});

inBrowser("history is exported as CSV, and dates that cannot be are told", async () => {
  await go("history");
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Export as CSV" }).click(),
  ]);
  assert.match(file.suggestedFilename(), /^garage-\d{4}-\d\d-\d\d\.csv$/);
  assert.match(await readFile(await file.path(), "utf8"), /^local time,/);
  await page.getByLabel("When").selectOption("dates");
  await page.getByLabel("First day").fill("2099-12-30");
  await page.getByText("The first day is after the last one.").waitFor();
});

inBrowser("history says where nothing is on record", async () => {
  await go("history?span=week");
  await page.getByText(/Nothing is on record of .* – /).waitFor();
  await page.getByText(/took .* kWh here, as far as it is on record/).waitFor();
  await go("history?first=2020-01-01&last=2020-01-01");
  await page.getByText("Nothing is on record of this time.").waitFor();
});

inBrowser("a report is opened as it is to be printed, or saved", async () => {
  await go("reports");
  const [report] = await Promise.all([
    page.waitForEvent("popup"),
    page.getByRole("button", { name: "Open the whole report" }).click(),
  ]);
  const title = report.getByRole("heading", { name: "Report" });
  await title.waitFor();
  assert.equal(await title.evaluate((it) => getComputedStyle(it).fontSize), "28px");
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Save it" }).click(),
  ]);
  assert.match(file.suggestedFilename(), /^garage-\d{4}-\d\d\.html$/);
});

inBrowser("the reason of a missed kWh is found", async () => {
  await go("history");
  await page.getByLabel("When").selectOption("week");
  const row = page.getByRole("row", { name: /feeder deck-2, L2/ });
  await row.first().waitFor();
  assert.match(await row.first().textContent(), /kWh/);
});

inBrowser("a signal of one's own is taken back, those of others are not", async () => {
  await go("signals");
  const signal = (id) => page.getByRole("article", { name: id });
  await signal("dso-17").getByText("(by you)").waitFor();
  assert.equal(await signal("dso-16").getByRole("button").count(), 0);
  await page.getByRole("button", { name: "Take back dso-17" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Take it back" }).click();
  await page.getByText("Taken back: dso-17").waitFor();
  await signal("dso-17").getByText("taken back", { exact: true }).waitFor();
  assert.deepEqual([...state.takenBack], ["dso-17"]);
});

inBrowser("who has no site yet is told what to do, and not that all is well", async () => {
  await page.route("**/v1/sites", (route) => route.fulfill({ json: [] }));
  await page.reload();
  await page.getByText("No site is described yet").waitFor();
  assert.equal(await page.getByText("all within their limits").count(), 0);
});

inBrowser("nobody is told that they may only look before it is known", async () => {
  await page.route("**/v1/me", () => undefined);
  await page.reload();
  await go("limits");
  await page.getByText("Loading …").waitFor();
  assert.equal(await page.getByText("You may look at these limits").count(), 0);
  await page.unroute("**/v1/me");
  await page.reload();
  await form("Base limit").waitFor();
});

for (const [name, size] of Object.entries(SIZES)) {
  inBrowser(`axe finds nothing, and nothing is wider than the page: ${name}`, async () => {
    await context.close();
    await open({ ...size, bypassCSP: true });
    for (const view of VIEWS) {
      await go(view);
      await page
        .getByText(/^(Reading|Making|Loading)/)
        .first()
        .waitFor({ state: "detached" });
      await page.addScriptTag({ path: AXE });
      const found = await page.evaluate(() => globalThis.axe.run());
      assert.deepEqual(
        found.violations.map(({ id, nodes }) => `${view}: ${id}: ${nodes[0].html}`),
        [],
      );
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${view} is too wide`);
    }
  });
}
