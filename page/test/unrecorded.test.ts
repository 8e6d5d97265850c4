import assert from "node:assert/strict";
import { test } from "node:test";
import { unrecorded } from "../src/logic/unrecorded.ts";
import type { History } from "../src/types.ts";

const at = (time: string) => Date.parse(`2026-11-23T${time}:00Z`);

/** What was drawn in each hour from 10:00 on. */
function past(...drawn: (number | null)[]): History {
  return {
    step_s: 3600,
    times: drawn.map((_, index) => new Date(at("10:00") + index * 3_600_000).toISOString()),
    nodes: { grid: { limit_a: {}, base_a: {}, ev_a: { L1: drawn }, allowed_a: {} } },
    price_per_kwh: [],
    pv_kw: [],
    sessions: [],
  };
}

const gaps = (of: History, from: string, until: string) =>
  unrecorded(of, "grid", at(from), at(until)).map(({ start, end }) =>
    [start, end].map((each) => new Date(each).toISOString().slice(11, 16)),
  );

test("what is on record throughout has no gaps, and zero is on record", () => {
  assert.deepEqual(gaps(past(5, 0, 6), "10:00", "13:00"), []);
});

test("before the first, between, and after the last that is known nothing is on record", () => {
  const told = gaps(past(5, null, null, 6), "07:30", "20:00");
  assert.deepEqual(told, [
    ["07:30", "10:00"],
    ["11:00", "13:00"],
    ["14:00", "20:00"],
  ]);
});

test("the latest minutes are not missed, for they are written a little later", () => {
  assert.deepEqual(gaps(past(5, 6), "10:00", "12:14"), []);
});

test("nothing at all is one gap, also of a node that nothing is known of", () => {
  assert.deepEqual(gaps(past(), "10:00", "20:00"), [["10:00", "20:00"]]);
  assert.equal(unrecorded(past(5), "deck-9", at("10:00"), at("11:00")).length, 1);
});
