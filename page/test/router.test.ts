import assert from "node:assert/strict";
import { test } from "node:test";
import { href, parse } from "../src/router.ts";

test("addresses are read back as they were made", () => {
  const route = parse(href("garage/2 %", "history", { from: "2026-11-01" }));
  assert.equal(route.page, "site");
  if (route.page !== "site") return;
  assert.deepEqual([route.siteId, route.section, route.query.get("from")], ["garage/2 %", "history", "2026-11-01"]);
});

test("without a section a site shows what is going on now", () => {
  for (const hash of ["#/sites/garage", "#/sites/garage/", "#sites/garage"]) {
    assert.deepEqual(parse(hash), { page: "site", siteId: "garage", section: "live", query: new URLSearchParams() });
  }
});

test("the list is where nothing is asked for, and what is not there is said", () => {
  assert.deepEqual(
    [parse(""), parse("#/"), parse("#/sites")].map(({ page }) => page),
    ["sites", "sites", "sites"],
  );
  assert.deepEqual(
    ["#/sites/garage/nowhere", "#/elsewhere", "#/sites/garage/limits/more"].map((hash) => parse(hash).page),
    ["unknown", "unknown", "unknown"],
  );
  assert.equal(parse("#/sites/%E0%A4%A").page, "site");
});
