import assert from "node:assert/strict";
import { test } from "node:test";
import { Offline, Problem } from "../src/api.ts";
import { changesOf } from "../src/logic/flat.ts";
import { inUnit, isLimitTyped, limitTyped, NO_LIMIT, readLimit } from "../src/logic/limit_typed.ts";
import { type OverrideTyped, readMoment, readOverride } from "../src/logic/override_typed.ts";
import { asked, byRule } from "../src/logic/pointers.ts";
import { inKind, pasted, pricesTyped, priceTyped, readDemand, readPrice } from "../src/logic/prices_typed.ts";
import { readPriorities } from "../src/logic/priorities.ts";
import { newRule, readRules, ruleTyped } from "../src/logic/rules_typed.ts";
import { save } from "../src/logic/saving.ts";
import type { Limit, Phase, VisitRecord } from "../src/types.ts";
import { visitsOf } from "../src/visits.ts";

const PHASES: Phase[] = ["L1", "L2", "L3"];
const AMSTERDAM = "Europe/Amsterdam";

test("a limit comes back as it was saved, in its own unit", () => {
  const limits: Limit[] = [
    { limit_kw: 34.5 },
    { limit_a: { L1: 50, L2: 50, L3: 50 } },
    { limit_a: { L1: 80, L2: 63, L3: 80 } },
  ];
  for (const limit of limits) assert.deepEqual(readLimit(limitTyped(limit), PHASES).value, limit);
  assert.deepEqual(
    limits.map((limit) => limitTyped(limit).unit),
    ["kW", "A", "each"],
  );
});

test("a number that is wrong is told at its own phase, and the others are kept", () => {
  const typed = { ...NO_LIMIT, unit: "each" as const, each: { L1: "50", L2: "x", L3: "" } };
  assert.deepEqual(Object.keys(readLimit(typed, PHASES).wrong ?? {}), ["L2", "L3"]);
});

test("another unit shows the same limit; of uneven phases the lowest", () => {
  const typed = limitTyped({ limit_kw: 34.5 });
  assert.equal(inUnit(typed, "A", PHASES, 230).a, "50");
  assert.deepEqual(inUnit(typed, "each", PHASES, 230).each, { L1: "50", L2: "50", L3: "50" });
  assert.equal(inUnit(limitTyped({ limit_a: { L1: 80, L2: 63, L3: 80 } }), "A", PHASES, 230).a, "63");
  assert.deepEqual(inUnit({ ...NO_LIMIT, kw: "x" }, "A", PHASES, 230), { ...NO_LIMIT, kw: "x", unit: "A" });
});

test("what is no draft of a limit is told from one", () => {
  assert.ok(isLimitTyped(limitTyped({ limit_kw: 1 })));
  for (const other of [null, 3, {}, { ...NO_LIMIT, unit: "V" }, { ...NO_LIMIT, each: { L1: 3 } }]) {
    assert.ok(!isLimitTyped(other));
  }
});

const readText = (text: string) =>
  text ? { value: { value: Number(text) }, wrong: null } : { value: null, wrong: { value: "missing" } };

test("a calendar comes back as it was saved, and every day is written as none", () => {
  const saved = [
    { day_of_week: ["MONDAY" as const], start_time: "17:00", end_time: "21:00", value: 1 },
    { start_time: "22:00", end_time: "06:00", value: 2 },
  ];
  const typed = saved.map((rule) => ruleTyped(rule, String(rule.value)));
  assert.deepEqual(readRules(typed, readText).value, saved);
});

test("every rule that is wrong is told, in its own place", () => {
  const rules = [{ ...newRule("1"), days: [] }, { ...newRule(""), start: "", end: "9" }, newRule("3")];
  const wrong = readRules(rules, readText).wrong;
  assert.deepEqual(
    [...(wrong ?? [])].map(([place, each]) => [place, Object.keys(each)]),
    [
      [0, ["days"]],
      [1, ["start", "end", "value"]],
    ],
  );
});

test("rules that clash are told at both, each naming the other", () => {
  const wrong = readRules([newRule("1"), { ...newRule("2"), start: "20:00", end: "22:00" }], readText).wrong;
  assert.match(
    wrong?.get(0)?.days ?? "",
    /Overlaps rule 2 \(Mon to Fri, 20:00 to 22:00\): both hold Mon 20:00 to 21:00/,
  );
  assert.match(wrong?.get(1)?.days ?? "", /Overlaps rule 1/);
});

const NOW = Date.parse("2026-11-23T12:00:00Z");
const about = { zone: AMSTERDAM, phases: PHASES, now: NOW };
const local = (text: string, second = false) => ({ local: text, second });
const override: OverrideTyped = {
  fromNow: true,
  start: local(""),
  forEver: false,
  end: local("2026-11-23T18:00"),
  limit: { ...NO_LIMIT, kw: "20" },
  reason: " works ",
  key: "k",
};

test("an override from now on is in UTC, with its reason", () => {
  assert.deepEqual(readOverride(override, [], about).value, {
    start: "2026-11-23T12:00:00Z",
    end: "2026-11-23T17:00:00Z",
    limit_kw: 20,
    reason: "works",
  });
});

test("an override that overlaps another is told at its start, with which", () => {
  const known = { id: "o-1", start: "2026-11-23T15:00:00Z", end: null, limit_kw: 30, reason: "fair", author: "jan@x" };
  const wrong = readOverride(override, [known], about).wrong;
  assert.deepEqual(Object.keys(wrong ?? {}), ["start"]);
  assert.match(wrong?.start ?? "", /Overlaps 30 kW, Mon,? 23 Nov,? 16:00 – for ever \(fair\)/);
});

test("an override whose answer got lost can be sent again, though it is there by now", () => {
  const own = { id: "o-1", start: "2026-11-23T11:59:00Z", end: "2026-11-23T17:00:00Z", limit_kw: 20, author: "jan@x" };
  assert.equal(readOverride(override, [{ ...own, reason: "works" }], about).wrong, null);
  assert.deepEqual(Object.keys(readOverride(override, [{ ...own, reason: "fair" }], about).wrong ?? {}), ["start"]);
});

test("an override that ends before it begins, is over, or has no reason is told where", () => {
  const wrong = (part: Partial<OverrideTyped>) => readOverride({ ...override, ...part }, [], about).wrong ?? {};
  assert.deepEqual(Object.keys(wrong({ end: local("2026-11-23T12:00"), reason: "" })), ["end", "reason"]);
  assert.deepEqual(wrong({ fromNow: false, start: local("2026-11-20T10:00"), end: local("2026-11-21T10:00") }), {
    end: "Is over already.",
  });
  assert.deepEqual(Object.keys(wrong({ fromNow: false })), ["start"]);
});

test("a time that clocks skip is refused with the next one, and of two the chosen one is meant", () => {
  assert.match(
    readMoment(local("2026-03-29T02:30"), AMSTERDAM).problem ?? "",
    /02:30 does not exist .* The next is 03:00/,
  );
  assert.equal(readMoment(local("2026-10-25T02:30"), AMSTERDAM).at, Date.parse("2026-10-25T00:30:00Z"));
  assert.equal(readMoment(local("2026-10-25T02:30", true), AMSTERDAM).at, Date.parse("2026-10-25T01:30:00Z"));
});

test("prices of all kinds come back as they were saved", () => {
  const hours = Array.from({ length: 24 }, (_, hour) => hour / 100);
  const week = { base: 0.3, weekly: [{ start_time: "17:00", end_time: "21:00", value: -0.05 }] };
  for (const series of [null, 0.20845, hours, week]) assert.deepEqual(readPrice(priceTyped(series)).value, series);
  const typed = pricesTyped({
    price_per_kwh: 0.3,
    feed_in_per_kwh: null,
    demand_charge: { price_per_kw: 6.5, peak_kw: 41 },
  });
  assert.deepEqual(readDemand(typed.demand).value, { price_per_kw: 6.5, peak_kw: 41 });
  assert.deepEqual(readDemand({ price: " ", peak: "" }), { value: null, wrong: null });
  assert.deepEqual(Object.keys(readDemand({ price: "-1", peak: "x" }).wrong ?? {}), ["price", "peak"]);
});

test("an hour without a price is told by its hour", () => {
  const typed = inKind(priceTyped(0.3), "hours");
  typed.hours[15] = "";
  assert.deepEqual([...(readPrice(typed).wrong?.hours?.keys() ?? [])], [15]);
});

test("24 numbers can be pasted out of a table, and one stays one", () => {
  const numbers = Array.from({ length: 24 }, (_, hour) => `0,${hour + 10}`);
  assert.deepEqual(pasted(numbers.join("\t")), numbers);
  assert.deepEqual(pasted(`${numbers.join("\n")}\n`), numbers);
  assert.equal(pasted("0.3"), null);
});

test("an empty priority is the usual one, and a wrong one is told at its EVSE", () => {
  assert.deepEqual(readPriorities({ "034": "2", "035": "" }).value, { "034": 2, "035": 1 });
  assert.deepEqual(Object.keys(readPriorities({ "034": "0", "035": "first", "036": "1,5" }).wrong ?? {}), [
    "034",
    "035",
  ]);
});

test("an error of the API is shown at its rule, in the calendar of a feeder, too", () => {
  const places = { start: ["start_time"], kw: ["limit_kw"], days: [] };
  const { rules, elsewhere } = byRule(
    [
      { pointer: "/feeders/1/limits/weekly/2/start_time", detail: "no time" },
      { pointer: "/limits/weekly/0", detail: "overlaps weekly[2]" },
      { pointer: "", detail: "busy" },
    ],
    places,
  );
  assert.deepEqual(
    [...rules],
    [
      [2, { start: "no time" }],
      [0, { days: "overlaps weekly[2]" }],
    ],
  );
  assert.deepEqual(elsewhere, ["busy"]);
});

const changed = new Problem(412, "Changed", "eva@x has changed the site");

/** A site of one limit, at a revision; `refuse` is how many answers get lost. */
function site(limit: number, lose = 0) {
  const state = { limit, revision: 1, lose };
  return {
    state,
    put: (value: number) => async (etag: string | null) => {
      if (etag !== String(state.revision)) throw changed;
      Object.assign(state, { limit: value, revision: state.revision + 1 });
      if (state.lose-- > 0) throw new Offline("no answer");
    },
    reload: async () => ({ data: state.limit, etag: String(state.revision) }),
  };
}

test("an edit goes through though another part of the site was changed meanwhile", async () => {
  const { state, put, reload } = site(69);
  state.revision = 5;
  await save({ put: put(20), reload, mine: 20, base: 69, etag: "1" });
  assert.equal(state.limit, 20);
});

test("an edit of what somebody else has changed meanwhile is refused, and theirs stays", async () => {
  const { state, put, reload } = site(50);
  state.revision = 5;
  await assert.rejects(save({ put: put(20), reload, mine: 20, base: 69, etag: "1" }), changed);
  assert.equal(state.limit, 50);
});

test("an edit whose answer got lost is known to be done when it is sent again", async () => {
  const { state, put, reload } = site(69, 1);
  await assert.rejects(save({ put: put(20), reload, mine: 20, base: 69, etag: "1" }), Offline);
  await save({ put: put(20), reload, mine: 20, base: 69, etag: "1" });
  assert.deepEqual([state.limit, state.revision], [20, 2]);
});

test("what an edit changed is told by field", () => {
  const changes = changesOf(
    '{"limit_kw": 69, "days": ["MONDAY"]}',
    '{"limit_kw": 20, "reason": "works", "days": ["MONDAY"]}',
  );
  assert.deepEqual(
    changes.map(({ label, before, theirs }) => [label, before, theirs]),
    [
      ["limit_kw", "69", "20"],
      ["reason", null, "works"],
    ],
  );
  assert.deepEqual(
    changesOf(null, "no JSON").map(({ theirs }) => theirs),
    ["no JSON"],
  );
});

test("all visits of a time are read, page by page, each once", async () => {
  const all = Array.from({ length: 7 }, (_, day) => ({ id: `v${day}`, departure: `2026-11-2${9 - day}T00:00:00Z` }));
  const read = (async (path: string) => {
    const before = new URLSearchParams(path.split("?")[1]).get("before") ?? "";
    return { data: all.filter((visit) => visit.departure <= before).slice(0, 3) as VisitRecord[], etag: null };
  }) as Parameters<typeof visitsOf>[2];
  const { visits, whole } = await visitsOf(
    "/sites/garage/sessions",
    { from: "2026-11-01T00:00:00Z", until: "2026-12-01T00:00:00Z" },
    read,
  );
  assert.deepEqual([visits.map(({ id }) => id), whole], [all.map(({ id }) => id), true]);
});

test("what is asked about is told without paths, and by its rule", () => {
  assert.equal(asked("limits.base.limit_kw: 34500 kW is much: is it in W?"), "34500 kW is much: is it in W?");
  assert.equal(asked("feeders[0].limits.weekly[1].limit_a: 900 A is much"), "Rule 2: 900 A is much");
  assert.equal(asked("price: 21 per kWh is very much"), "price: 21 per kWh is very much");
});
