import assert from "node:assert/strict";
import { test } from "node:test";
import { preview, summary } from "../src/logic/series_csv.ts";

const AMSTERDAM = "Europe/Amsterdam";
const hours = (day: string, which: number[], separator = ",") =>
  which.map((hour) => `${day}T${String(hour).padStart(2, "0")}:00${separator}0.2`);
const ALL = Array.from({ length: 24 }, (_, hour) => hour);
const read = (lines: string[], zone = AMSTERDAM) => preview(["start,value", ...lines, ""].join("\n"), zone);

test("a whole day of hours is read, in the site's time", () => {
  const { rows, problems, notes, stepMinutes, days } = read(hours("2026-11-24", ALL));
  assert.deepEqual([rows.length, problems, notes, stepMinutes, days], [24, [], [], 60, ["2026-11-24"]]);
  assert.equal(rows[0]?.at, Date.parse("2026-11-23T23:00:00Z"));
});

test("a missing hour is told by its line and its local time", () => {
  const { problems } = read(
    hours(
      "2026-11-24",
      ALL.filter((hour) => hour !== 15),
    ),
  );
  assert.deepEqual(problems, [{ line: 17, text: "15:00 is missing: the line before is 14:00, this one 16:00" }]);
});

test("an hour given twice, and hours out of order, are told", () => {
  assert.match(read(hours("2026-11-24", [0, 1, 1, 2])).problems[0]?.text ?? "", /01:00 is given twice: line 3/);
  assert.match(read(hours("2026-11-24", [0, 1, 3, 2])).problems.at(-1)?.text ?? "", /02:00 comes after 03:00/);
});

test("decimal commas in columns separated by commas are told, with what to do", () => {
  assert.deepEqual(read(["2026-11-24T00:00,0,21"]).problems, [
    { line: 2, text: "'0,21': write 0.21, or separate columns by ';'" },
  ]);
});

test("decimal commas in columns separated by semicolons are fine", () => {
  const { rows, problems } = preview("tijd;prijs\n2026-11-24 00:00;0,75\n2026-11-24 01:00;-0,25\n", AMSTERDAM);
  assert.deepEqual(problems, []);
  assert.deepEqual(summary(rows), { least: -0.25, most: 0.75, mean: 0.25 });
});

test("the day that clocks go forward has 23 hours, and that is right", () => {
  const { problems, notes, rows } = read(
    hours(
      "2026-03-29",
      ALL.filter((hour) => hour !== 2),
    ),
  );
  assert.deepEqual(problems, []);
  assert.equal(rows.length, 23);
  assert.deepEqual(notes, ["Sun 29 Mar has 23 hours: clocks go from 02:00 to 03:00."]);
});

test("an hour that clocks skip does not exist, and its line says so", () => {
  const { problems } = read(hours("2026-03-29", ALL));
  assert.deepEqual(
    problems.map(({ line }) => line),
    [4],
  );
  assert.match(problems[0]?.text ?? "", /02:00 does not exist on Sun 29 Mar: clocks go forward, the next is 03:00/);
});

test("the day that clocks go back has 25 hours: the second 02:00 follows the first", () => {
  const { problems, rows, notes } = read(hours("2026-10-25", [0, 1, 2, 2, ...ALL.slice(3)]));
  assert.deepEqual(problems, []);
  assert.equal(rows.length, 25);
  assert.deepEqual(notes, ["Sun 25 Oct has 25 hours: clocks go from 03:00 to 02:00."]);
});

test("24 hours on the day that clocks go back miss the second 02:00", () => {
  const { problems } = read(hours("2026-10-25", ALL));
  assert.deepEqual(problems, [{ line: 5, text: "02:00 is missing: the line before is 02:00, this one 03:00" }]);
});

test("a day that is not whole is noted", () => {
  assert.deepEqual(read(hours("2026-11-24", [1, 2, 3])).notes, [
    "The first line is 01:00: a day begins at 00:00.",
    "The last line is 03:00: Tue 24 Nov is not whole.",
  ]);
});

test("times with an offset are taken at their word", () => {
  const { rows } = read(["2026-11-24T00:00:00Z,0.2", "2026-11-24T01:00:00+00:00,0.3"]);
  assert.deepEqual(
    rows.map((row) => row.local),
    ["2026-11-24T01:00", "2026-11-24T02:00"],
  );
});

test("what is no time, no number or no table is told by line", () => {
  const wrong = read(["Nov 24 2026 00:00,0.2", "2026-11-24T01:00,cheap", "2026-11-24T02:00"]).problems;
  assert.deepEqual(
    wrong.map(({ line }) => line),
    [2, 3, 4],
  );
  assert.match(wrong[0]?.text ?? "", /write it like 2026-03-02T18:00/);
  assert.match(wrong[1]?.text ?? "", /'cheap' is no number/);
  assert.match(wrong[2]?.text ?? "", /two columns are needed/);
  assert.equal(preview("", AMSTERDAM).problems.length, 1);
});

test("files as market platforms and spreadsheets write them are read", () => {
  const market = preview("sep=;\nTime UTC;Until;Price EUR/MWh\n24.11.2026 00:00;24.11.2026 01:00;210,5\n", AMSTERDAM);
  assert.deepEqual(market.problems, []);
  assert.deepEqual(
    market.rows.map(({ line, at, value }) => [line, new Date(at).toISOString(), value]),
    [[3, "2026-11-24T00:00:00.000Z", 0.2105]],
  );
  const ends = preview("2026-11-24 00:00,2026-11-24 01:00,0.2\n2026-11-24 01:00,2026-11-24 02:00,0.3", AMSTERDAM);
  assert.deepEqual(
    ends.rows.map(({ value }) => value),
    [0.2, 0.3],
  );
});

test("columns that nobody can tell apart are left to the platform", () => {
  const { problems, notes } = preview("a;b;c\n1;2;3\n", AMSTERDAM);
  assert.deepEqual(problems, []);
  assert.match(notes[0] ?? "", /Only the platform/);
});
