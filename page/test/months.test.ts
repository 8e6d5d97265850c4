import assert from "node:assert/strict";
import { test } from "node:test";
import { lastMonths, momentsOf, named, problemOf, stepFor } from "../src/logic/months.ts";

const AMSTERDAM = "Europe/Amsterdam";

test("months are those of the site, also in the first hour of one", () => {
  assert.deepEqual(lastMonths(Date.parse("2025-12-31T23:30:00Z"), AMSTERDAM, 3), ["2026-01", "2025-12", "2025-11"]);
});

test("a span is whole days of the site, of 23 and 25 hours, too", () => {
  const now = Date.parse("2026-10-25T12:00:00Z");
  assert.deepEqual(momentsOf(named("today", now, AMSTERDAM), AMSTERDAM), {
    from: "2026-10-24T22:00:00Z",
    until: "2026-10-25T23:00:00Z",
  });
  assert.deepEqual(named("yesterday", now, AMSTERDAM), { first: "2026-10-24", last: "2026-10-24" });
  assert.deepEqual(named("week", now, AMSTERDAM), { first: "2026-10-19", last: "2026-10-25" });
});

test("a span that cannot be says why", () => {
  assert.equal(problemOf({ first: "2026-10-01", last: "2026-10-25" }), null);
  assert.match(problemOf({ first: "2026-10-26", last: "2026-10-25" }) ?? "", /after the last/);
  assert.match(problemOf({ first: "2026-01-01", last: "2026-10-25" }) ?? "", /61 are the most/);
  assert.match(problemOf({ first: "", last: "2026-10-25" }) ?? "", /both dates/);
});

test("longer spans come in longer steps", () => {
  const step = (last: string) => stepFor({ first: "2026-10-01", last });
  assert.deepEqual([step("2026-10-02"), step("2026-10-07"), step("2026-10-31")], [300, 900, 3600]);
});
