import assert from "node:assert/strict";
import { test } from "node:test";
import { addDays, clock, dayOf, fromLocal, startOfDay, toLocal } from "../src/zone.ts";

const AMSTERDAM = "Europe/Amsterdam";

test("times are the site's, whatever zone the browser is in", () => {
  assert.equal(clock("2026-11-23T16:05:00Z", AMSTERDAM, "time"), "17:05");
  assert.equal(clock("2026-11-23T16:05:00Z", "America/Los_Angeles", "time"), "08:05");
  assert.equal(toLocal("2026-07-01T22:30:00Z", AMSTERDAM), "2026-07-02T00:30");
  assert.equal(dayOf("2026-07-01T22:30:00Z", AMSTERDAM), "2026-07-02");
});

test("a short time tells its day only if that is another one", () => {
  const now = Date.parse("2026-11-23T16:00:00Z");
  assert.equal(clock("2026-11-23T22:30:00Z", AMSTERDAM, "short", now), "23:30");
  assert.match(clock("2026-11-23T23:30:00Z", AMSTERDAM, "short", now), /Tue,? 24 Nov,? 00:30/);
});

test("a local time that was typed is the moment it means, in winter and in summer", () => {
  assert.equal(fromLocal("2026-11-23T17:00", AMSTERDAM), "2026-11-23T16:00:00Z");
  assert.equal(fromLocal("2026-07-01T17:00", AMSTERDAM), "2026-07-01T15:00:00Z");
  assert.equal(fromLocal("2026-07-01T17:00", "Asia/Kathmandu"), "2026-07-01T11:15:00Z");
});

test("an hour that clocks skip is refused, one that comes twice is its first", () => {
  assert.throws(() => fromLocal("2026-03-29T02:30", AMSTERDAM), /2026-03-29 02:30 does not exist in Europe\/Amsterdam/);
  assert.equal(fromLocal("2026-10-25T02:30", AMSTERDAM), "2026-10-25T00:30:00Z");
});

test("what is no time is told with how to write one", () => {
  assert.throws(() => fromLocal("tomorrow", AMSTERDAM), /"tomorrow" is no date and time: write it like/);
});

test("every local time of a year that exists comes back as it was typed", () => {
  for (let ms = Date.UTC(2026, 0, 1); ms < Date.UTC(2027, 0, 1); ms += 7 * 3_600_000) {
    const typed = toLocal(ms, AMSTERDAM);
    assert.equal(toLocal(fromLocal(typed, AMSTERDAM), AMSTERDAM), typed);
  }
});

test("days begin where the site is, also when clocks change, and where a day begins at one", () => {
  assert.equal(startOfDay("2026-03-29", AMSTERDAM), "2026-03-28T23:00:00Z");
  assert.equal(startOfDay(addDays("2026-03-29", 1), AMSTERDAM), "2026-03-29T22:00:00Z");
  assert.equal(startOfDay("2024-09-08", "America/Santiago"), "2024-09-08T04:00:00Z");
});
