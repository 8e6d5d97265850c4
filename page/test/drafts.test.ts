import assert from "node:assert/strict";
import { test } from "node:test";
import { bothChanged, differences } from "../src/logic/changed.ts";
import { draftKey, dropDraft, keepDraft, readDraft, same } from "../src/logic/drafts.ts";
import { cause, missedByWhy } from "../src/logic/missed.ts";
import { overlapping, standing } from "../src/logic/overrides.ts";
import { byField, spoken } from "../src/logic/pointers.ts";

function shelf(full = false) {
  const kept = new Map<string, string>();
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    removeItem: (key: string) => void kept.delete(key),
    setItem: (key: string, value: string) => {
      if (full) throw new DOMException("full", "QuotaExceededError");
      kept.set(key, value);
    },
  };
}
const isText = (value: unknown): value is string => typeof value === "string";
const draft = { typed: "34,5", base: "69", at: 1 };

test("what was typed comes back, for its own site and form only", () => {
  const kept = shelf();
  assert.equal(keepDraft(kept, draftKey("garage", "base:grid"), draft), true);
  assert.deepEqual(readDraft(kept, draftKey("garage", "base:grid"), isText), draft);
  assert.equal(readDraft(kept, draftKey("depot", "base:grid"), isText), null);
  dropDraft(kept, draftKey("garage", "base:grid"));
  assert.equal(readDraft(kept, draftKey("garage", "base:grid"), isText), null);
});

test("a draft that an older page left, or that cannot be read, is dropped", () => {
  const kept = shelf();
  kept.setItem("a", "{");
  kept.setItem("b", JSON.stringify({ ...draft, typed: { text: "34" } }));
  assert.equal(readDraft(kept, "a", isText), null);
  assert.equal(readDraft(kept, "b", isText), null);
  assert.equal(kept.getItem("b"), null);
});

test("a full storage is told, and nothing breaks", () => {
  assert.equal(keepDraft(shelf(true), "a", draft), false);
});

test("two that say the same are the same, however they are written", () => {
  assert.ok(same({ a: 1, b: { c: 2, d: [1, 2] } }, { b: { d: [1, 2], c: 2 }, a: 1 }));
  assert.ok(!same({ a: [1, 2] }, { a: [2, 1] }));
});

test("what the other changed is told beside what was typed, and what both left is not", () => {
  const before = [
    { label: "Base", text: "69 kW" },
    { label: "Rule 1", text: "34.5 kW" },
    { label: "Rule 2", text: "20 kW" },
  ];
  const theirs = [
    { label: "Base", text: "60 kW" },
    { label: "Rule 1", text: "34.5 kW" },
  ];
  const mine = [
    { label: "Base", text: "50 kW" },
    { label: "Rule 1", text: "34.5 kW" },
    { label: "Rule 2", text: "20 kW" },
  ];
  const found = differences(before, theirs, mine);
  assert.deepEqual(found, [
    { label: "Base", before: "69 kW", theirs: "60 kW", mine: "50 kW" },
    { label: "Rule 2", before: "20 kW", theirs: null, mine: "20 kW" },
  ]);
  assert.deepEqual(found.map(bothChanged), [true, false]);
});

const day = (id: string, start: string | null, end: string | null) => ({ id, start, end });

test("overrides that hold at the same time are found, and neighbours are not", () => {
  const known = [
    day("later", "2026-11-24T20:00:00Z", "2026-11-24T22:00:00Z"),
    day("first", "2026-11-24T10:00:00Z", "2026-11-24T16:00:00Z"),
    day("for ever", "2027-01-01T00:00:00Z", null),
  ];
  const ids = (start: string | null, end: string | null) => overlapping({ start, end }, known).map((each) => each.id);
  assert.deepEqual(ids("2026-11-24T15:00:00Z", "2026-11-24T21:00:00Z"), ["first", "later"]);
  assert.deepEqual(ids("2026-11-24T16:00:00Z", "2026-11-24T20:00:00Z"), []);
  assert.deepEqual(ids(null, null), ["first", "later", "for ever"]);
  assert.deepEqual(ids("2026-12-01T00:00:00Z", null), ["for ever"]);
});

test("an override is over at its end, and holds from its start", () => {
  const each = day("a", "2026-11-24T10:00:00Z", "2026-11-24T16:00:00Z");
  const at = (time: string) => standing(each, Date.parse(`2026-11-24T${time}:00Z`));
  assert.deepEqual([at("09:59"), at("10:00"), at("16:00")], ["to come", "now", "over"]);
});

test("missed energy is summed by what stood in the way, the most first", () => {
  const visits = [
    { short_kwh: 4.2, why: ["feeder deck-2, L2, 18:00-19:15: 3.2 kWh short", "grid, L1, 17:00-18:00: 1.0 kWh short"] },
    { short_kwh: 2, why: ["feeder deck-2, L2, 20:00-21:00: 2.0 kWh short"] },
    { short_kwh: 0.01, why: ["grid, L1, 17:00-18:00: 0.010 kWh short"] },
    { short_kwh: 3, why: [] },
  ];
  const found = missedByWhy(visits).map(({ why, kwh, visits: count }) => [why, Number(kwh.toFixed(3)), count]);
  assert.deepEqual(found, [
    ["feeder deck-2, L2", 5.2, 2],
    ["no reason was noted", 3, 1],
    ["grid, L1", 1, 1],
  ]);
});

test("what a visit missed is shared by its reasons, also if less was missed than the plan had said", () => {
  const why = [
    "grid, L1, 17:00-18:00: 3.0 kWh short",
    "stays too short: 3.2 of 10 kWh fit into 1.0 h at 16 A: 1.0 kWh short",
  ];
  assert.deepEqual(
    missedByWhy([{ short_kwh: 2, why }]).map(({ why: what, kwh }) => [what, kwh]),
    [
      ["grid, L1", 1.5],
      ["stays too short", 0.5],
    ],
  );
});

test("reasons count by what they are about, not by their hours and amounts", () => {
  assert.equal(cause("left at 17:05, and was believed to stay until 19:00"), "left earlier than was believed");
  assert.equal(cause("took no more than 3.7 kW of its own accord"), "the vehicle took no more of its own accord");
  assert.equal(cause("most below least (5 A < 6 A): 2.0 kWh short"), "most below least");
  assert.equal(cause("room left unused: 0.010 kWh short"), "room left unused");
  assert.equal(
    cause("left at 17:05, and was believed to stay until 19:00: 2.0 kWh short"),
    "left earlier than was believed",
  );
  assert.equal(
    cause("grid connection, L1, signal dso-1, 12:00-14:00, 15:00-15:30: 28.4 kWh short"),
    "grid connection, L1, signal dso-1",
  );
  assert.equal(
    cause("grid connection, L1, override works, 2026-03-02 22:00-2026-03-03 06:00: 4.0 kWh short"),
    "grid connection, L1, override works",
  );
  assert.equal(
    cause("feeder F2, L2, room kept for arriving cars, 11:25-18:00: 4.2 kWh short"),
    "feeder F2, L2, room kept for arriving cars",
  );
  assert.equal(cause("not explained: 0.9 kWh short"), "not explained");
});

test("a warning speaks of rules as the page does", () => {
  const nodes = [{ id: "grid" }, { id: "deck-1" }];
  assert.equal(
    spoken("limits.weekly[0] (Sun 02:00 to 03:00): the clocks skip it", nodes),
    "Weekly calendar, rule 1 (Sun 02:00 to 03:00): the clocks skip it",
  );
  assert.equal(spoken("feeders[0].limits.weekly[1] (Mon)", nodes), "Weekly calendar of deck-1, rule 2 (Mon)");
  assert.equal(spoken("price: those of 2026-03-02 are missing", nodes), "price: those of 2026-03-02 are missing");
});

test("an error of the API is shown at the field that it is about", () => {
  const places = { start: ["start"], end: ["end"], limit: ["limit_kw", "limit_a/L1"] };
  const errors = [
    { pointer: "/limits/overrides/2/end", detail: "must be after its start" },
    { pointer: "limits.overrides[2].limit_a.L1", detail: "must be 0 or more" },
    { pointer: "/limits/base", detail: "is odd" },
  ];
  assert.deepEqual(byField(errors, places), {
    end: "must be after its start",
    limit: "must be 0 or more",
    "": "is odd",
  });
});
