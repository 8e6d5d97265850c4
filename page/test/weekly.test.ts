import assert from "node:assert/strict";
import { test } from "node:test";
import { clashes, clockNotes, readTime, spansOf, toldDays, toldRule, toldSpan } from "../src/logic/weekly.ts";
import type { WeeklyTime } from "../src/types.ts";

const rule = (start_time: string, end_time: string, ...day_of_week: NonNullable<WeeklyTime["day_of_week"]>) => ({
  day_of_week,
  start_time,
  end_time,
});
const clash = (...rules: WeeklyTime[]) => clashes(rules).map(({ one, other, span }) => [one, other, toldSpan(span)]);

test("times of the day are read, and 24:00 is its end", () => {
  assert.deepEqual(["00:00", "7:05", "23:59", "24:00"].map(readTime), [0, 425, 1439, 1440]);
  assert.deepEqual(["24:01", "12:60", "noon", "", "1200"].map(readTime), [null, null, null, null, null]);
});

test("a rule over midnight goes on the next day, from Sunday to Monday, too", () => {
  assert.deepEqual(spansOf(rule("22:00", "06:00", "SUNDAY")), [
    { day: 6, from: 1320, until: 1440 },
    { day: 0, from: 0, until: 360 },
  ]);
  assert.deepEqual(spansOf(rule("22:00", "24:00", "MONDAY")), [{ day: 0, from: 1320, until: 1440 }]);
  assert.deepEqual(spansOf(rule("22:00", "00:00", "MONDAY")), [{ day: 0, from: 1320, until: 1440 }]);
  assert.equal(spansOf(rule("08:00", "08:00", "MONDAY")).length, 2);
});

test("rules that hold at the same time are both named, with when", () => {
  assert.deepEqual(clash(rule("17:00", "21:00", "MONDAY"), rule("20:00", "22:00")), [[0, 1, "Mon 20:00 to 21:00"]]);
  assert.deepEqual(clash(rule("22:00", "06:00", "SUNDAY"), rule("05:00", "07:00", "MONDAY")), [
    [0, 1, "Mon 05:00 to 06:00"],
  ]);
});

test("rules that only touch, or are on other days, do not clash", () => {
  assert.deepEqual(clash(rule("17:00", "21:00"), rule("21:00", "17:00")), []);
  assert.deepEqual(clash(rule("17:00", "21:00", "MONDAY"), rule("17:00", "21:00", "TUESDAY")), []);
  assert.deepEqual(clash(rule("nonsense", "21:00"), rule("17:00", "21:00")), []);
});

test("rules are told in words", () => {
  assert.equal(toldRule(rule("17:00", "21:00", "MONDAY", "TUESDAY", "WEDNESDAY")), "Mon to Wed, 17:00 to 21:00");
  assert.equal(toldRule(rule("22:00", "06:00")), "Every day, 22:00 to 06:00 of the next day");
  assert.equal(toldDays(["SUNDAY", "MONDAY", "SATURDAY"]), "Mon, Sat, Sun");
});

const notes = (now: string, ...rules: WeeklyTime[]) =>
  clockNotes(rules, "Europe/Amsterdam", Date.parse(now), 200).map(({ entry, text }) => [entry, text]);

test("a rule that a clock change skips, shortens or lengthens is told, and no other", () => {
  const spring = notes(
    "2026-02-01T00:00:00Z",
    rule("02:00", "03:00"),
    rule("01:00", "05:00", "SUNDAY"),
    rule("05:00", "07:00"),
    rule("01:00", "05:00", "MONDAY"),
    rule("22:00", "04:00", "SATURDAY"),
  );
  const clocks = "Sun 29 Mar: clocks go from 02:00 to 03:00, so";
  assert.deepEqual(spring, [
    [0, `${clocks} 02:00 to 03:00 does not occur that day.`],
    [1, `${clocks} 01:00 to 05:00 lasts 3 h instead of 4 h.`],
    [4, `${clocks} 22:00 to 04:00 lasts 5 h instead of 6 h.`],
  ]);
  assert.deepEqual(notes("2026-09-01T00:00:00Z", rule("02:00", "03:00")), [
    [0, "Sun 25 Oct: clocks go from 03:00 to 02:00, so 02:00 to 03:00 lasts 2 h instead of 1 h."],
  ]);
});
