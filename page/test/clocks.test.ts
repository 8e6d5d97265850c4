import assert from "node:assert/strict";
import { test } from "node:test";
import { clockChanges, inZone, meaning } from "../src/logic/clocks.ts";

const AMSTERDAM = "Europe/Amsterdam";
const at = (text: string) => Date.parse(text);

test("an ordinary local time is one moment", () => {
  assert.deepEqual(meaning("2026-07-01T17:30", AMSTERDAM), { kind: "once", at: at("2026-07-01T15:30:00Z") });
  assert.deepEqual(meaning("2026-01-01T17:30", AMSTERDAM), { kind: "once", at: at("2026-01-01T16:30:00Z") });
});

test("a time that clocks skip is told, with the moment that they jump", () => {
  for (const local of ["2026-03-29T02:00", "2026-03-29T02:30", "2026-03-29T02:59"]) {
    assert.deepEqual(meaning(local, AMSTERDAM), { kind: "skipped", next: at("2026-03-29T01:00:00Z") });
  }
  assert.equal(meaning("2026-03-29T01:59", AMSTERDAM).kind, "once");
  assert.equal(meaning("2026-03-29T03:00", AMSTERDAM).kind, "once");
});

test("a time that comes twice has both its moments", () => {
  const means = meaning("2026-10-25T02:30", AMSTERDAM);
  assert.deepEqual(means, { kind: "twice", first: at("2026-10-25T00:30:00Z"), second: at("2026-10-25T01:30:00Z") });
  assert.equal(meaning("2026-10-25T03:00", AMSTERDAM).kind, "once");
});

test("clocks of half an hour are right, too", () => {
  const means = meaning("2026-04-05T01:45", "Australia/Lord_Howe");
  assert.deepEqual(means, { kind: "twice", first: at("2026-04-04T14:45:00Z"), second: at("2026-04-04T15:15:00Z") });
});

test("what is no date and time is unreadable", () => {
  for (const wrong of ["", "tomorrow", "2026-02-31T10:00", "2026-03-29T24:00", "2026-03-29 10:00"]) {
    assert.deepEqual(meaning(wrong, AMSTERDAM), { kind: "unreadable" }, wrong);
  }
});

test("the clock changes of a year are found to the minute", () => {
  const found = clockChanges(at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z"), AMSTERDAM);
  assert.deepEqual(found, [
    { at: at("2026-03-29T01:00:00Z"), date: "2026-03-29", from: "02:00", to: "03:00", longerMinutes: -60 },
    { at: at("2026-10-25T01:00:00Z"), date: "2026-10-25", from: "03:00", to: "02:00", longerMinutes: 60 },
  ]);
  assert.deepEqual(clockChanges(at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z"), "Asia/Tokyo"), []);
});

test("times in texts of the platform are told in the site's zone", () => {
  assert.match(inZone("from 2026-11-23T16:00:00Z on, 2 kW", AMSTERDAM), /^from Mon,? 23 Nov,? 17:00 on, 2 kW$/);
  assert.equal(inZone("L1 2 A", AMSTERDAM), "L1 2 A");
});
