import assert from "node:assert/strict";
import { test } from "node:test";
import { inWords } from "../src/charts/Sparkline.tsx";
import { amperes, duration, kilowatts, limitText, number } from "../src/format.ts";

test("numbers have the digits that matter", () => {
  assert.deepEqual(
    [0.1234, 4.567, 45.67, 456.7, -0.001].map((value) => number(value)),
    ["0.12", "4.57", "45.7", "457", "0.00"],
  );
  assert.equal(number(-2.34, 1), "−2.3");
});

test("currents are said once if phases are alike", () => {
  assert.equal(amperes({ L1: 100, L2: 100, L3: 100 }), "100 A per phase");
  assert.equal(amperes({ L1: 100, L2: 80 }), "L1 100 A, L2 80 A");
  assert.equal(amperes({ L1: 16 }), "16 A");
});

test("a limit reads as it was entered", () => {
  assert.equal(limitText({ limit_kw: 34.5 }), "34.5 kW");
  assert.equal(limitText({ limit_a: { L1: 63 }, limit_kw: null }), "63 A");
  assert.equal(limitText({ limit_kw: 0 }), "0 kW");
  assert.equal(kilowatts({ L1: 100, L2: 100, L3: 100 }, 230), 69);
});

test("durations grow coarser", () => {
  assert.deepEqual([5, 89, 300, 5400, 86_400, 180_000, 259_200].map(duration), [
    "5 s",
    "89 s",
    "5 min",
    "1 h 30 min",
    "24 h",
    "2 d 2 h",
    "3 d",
  ]);
});

test("a plan in words tells the first change that matters", () => {
  const times = ["2026-11-23T16:00:00Z", "2026-11-23T16:05:00Z", "2026-11-23T16:10:00Z"];
  assert.match(inWords([7.4, 7.1, 3.7], times, "Europe/Amsterdam"), /^7\.4 kW → 3\.7 kW at .*17:10$/);
  assert.equal(inWords([7.4, 7.4, 7.4], times, "Europe/Amsterdam"), "7.4 kW until it leaves");
  assert.equal(inWords([], times, "Europe/Amsterdam"), "none");
});
