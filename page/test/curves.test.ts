import assert from "node:assert/strict";
import { test } from "node:test";
import { curvesOf, describe, some, topOf } from "../src/charts/curves.ts";
import type { History, Planned } from "../src/types.ts";

const T0 = Date.parse("2026-11-23T16:00:00Z") / 1000;
const iso = (seconds: number) => new Date(seconds * 1000).toISOString();

const PAST: History = {
  step_s: 300,
  times: [0, 300, 600].map((each) => iso(T0 + each)),
  nodes: {
    grid: {
      limit_a: { L1: [100, 100, 100] },
      base_a: { L1: [10, 10, 10] },
      ev_a: { L1: [50, null, 40] },
      allowed_a: { L1: [70, 70, 70] },
    },
  },
  price_per_kwh: [0.2, 0.2, 0.2],
  pv_kw: [0, 0, 0],
  sessions: [1, 1, 1],
};
const PLAN: Planned = {
  step_s: 300,
  times: [900, 1200].map((each) => iso(T0 + each)),
  nodes: { grid: { limit_a: { L1: [100, 50] }, base_a: { L1: [10, 10] }, ev_a: { L1: [60, 30] } } },
  price_per_kwh: [0.3, null],
  pv_kw: [0, 0],
  sessions: {},
};
const WINDOW = { from: T0, now: T0 + 900, until: T0 + 10_000 };

test("what was drawn ends where the plan begins, and each value holds until the next", () => {
  const curves = curvesOf("grid", ["L1"], PAST, PLAN, WINDOW);
  const L1 = curves.phases.get("L1");
  assert.deepEqual(
    curves.times.map((time) => time - T0),
    [0, 300, 600, 900, 1200, 1500],
  );
  assert.deepEqual(L1?.drawn, [60, null, 50, 50, null, null]);
  assert.deepEqual(L1?.planned, [null, null, null, 70, 40, 40]);
  assert.deepEqual(L1?.limit, [100, 100, 100, 100, 50, 50]);
  assert.deepEqual(L1?.allowed, [70, 70, 70, 70, null, null]);
  assert.deepEqual(curves.price, [0.2, 0.2, 0.2, 0.3, null, null]);
});

test("without a plan there is what was, without a past what comes, without both nothing", () => {
  assert.deepEqual(curvesOf("grid", ["L1"], PAST, undefined, WINDOW).phases.get("L1")?.drawn, [60, null, 50, 50]);
  assert.deepEqual(curvesOf("grid", ["L1"], undefined, PLAN, WINDOW).phases.get("L1")?.planned, [70, 40, 40]);
  const nothing = curvesOf("grid", ["L1"], undefined, undefined, WINDOW);
  assert.deepEqual([nothing.times, describe(nothing, "UTC")], [[], "Nothing is known of this time."]);
});

test("a node that the plan does not know has gaps, not zeros", () => {
  const { phases } = curvesOf("deck-9", ["L1"], PAST, PLAN, WINDOW);
  assert.deepEqual(phases.get("L1")?.limit, [null, null, null, null, null, null]);
});

test("the chart in words names the highest load, its phase, its limit and its time", () => {
  assert.equal(
    describe(curvesOf("grid", ["L1"], PAST, PLAN, WINDOW), "UTC"),
    "Highest: 60.0 of 100 A drawn on L1 at 16:00; 70.0 of 100 A planned on L1 at 16:15.",
  );
});

test("a curve of zeros and gaps shows nothing", () => {
  assert.ok(!some([0, null, 0]));
  assert.ok(some([0, 0.1]));
});

test("a limit far above all others does not press the load flat, and one that is merely high is seen", () => {
  const of = (limit: number[]) => ({
    limit,
    drawn: [40, 50, null, null],
    planned: [null, null, 60, 45],
    allowed: [null, null, null, null],
    base: [10, 10, 10, 10],
  });
  assert.equal(topOf([of([100, 100, 100_000, 50])]), 108);
  assert.equal(topOf([of([100, 100, 200, 50])]), 216);
  assert.equal(topOf([of([0, 0, 0, 0])]), 60 * 1.08);
});
