import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeNow, Picture, SessionNow } from "../src/types.ts";
import { because, next, remarks, shortage, tightest, urgent, verdict } from "../src/verdict.ts";

const BASE = { kind: "base", id: null, reason: null, author: null, until: null } as const;

function node(id: string, drawn: number, allowed: number, limit: number): NodeNow {
  return {
    id,
    parent: id === "grid" ? null : "grid",
    phases: ["L1", "L2"],
    limit_a: { L1: limit, L2: limit },
    limit_kw: 1,
    source: BASE,
    base_load_a: { L1: 0, L2: 0 },
    drawn_a: { L1: drawn, L2: 1 },
    allowed_a: { L1: allowed, L2: 1 },
    next_change: null,
  };
}

function picture(nodes: NodeNow[], state: Picture["state"] = "ok"): Picture {
  return {
    site: { id: "garage", name: null, time_zone: "UTC", voltage_v: 230, currency: null, phases: ["L1", "L2"] },
    at: "2026-11-23T16:00:00Z",
    state,
    alarms: [],
    nodes,
    drawn_kw: 1,
    allowed_kw: 1,
    limit_kw: 1,
    price_per_kwh: null,
    pv_kw: 0,
    sessions: [],
    plan: null,
    run: null,
  };
}

test("a site is safe when no limit could be broken, and the closest is named", () => {
  const { state, title, text } = verdict(picture([node("grid", 40, 60, 100), node("deck-1", 30, 45, 50)]));
  assert.deepEqual([state, title], ["ok", "Safe"]);
  assert.match(text, /deck-1 L1 would be closest, with 45\.0 A of 50 A/);
});

test("what is above a limit comes first, with its phase", () => {
  const { state, title, text } = verdict(picture([node("grid", 40, 60, 100), node("deck-1", 51, 45, 50)], "alarm"));
  assert.deepEqual([state, title, text], ["alarm", "Above its limit", "deck-1 L1 draws 51.0 A of 50 A."]);
});

test("what may exceed a limit is no safety, even while it does not", () => {
  const { state, title } = verdict(picture([node("grid", 40, 101, 100)], "warning"));
  assert.deepEqual([state, title], ["warning", "Within its limit, but not held there"]);
});

test("a load that a lower limit has just begun to bring down is no alarm, and no safety", () => {
  const { state, title } = verdict(picture([node("grid", 90, 95, 50)], "warning"));
  assert.deepEqual([state, title], ["warning", "Coming down to its limit"]);
  assert.equal(verdict(picture([node("grid", 90, 95, 50)], "ok")).state, "warning");
});

test("what drivers will miss is summed up, and less than anybody misses is not", () => {
  const session = (evse_uid: string, short_kwh: number) => ({ evse_uid, short_kwh }) as SessionNow;
  assert.equal(shortage([session("030", 0), session("031", 0.04)]), null);
  assert.match(shortage([session("030", 0), session("031", 3.4)]) ?? "", /^EVSE 031 will leave 3\.40 kWh short/);
  assert.match(
    shortage([session("030", 9.6), session("031", 0), session("032", 3.4)]) ?? "",
    /^2 of 3 sessions will leave short of what they need, by 13\.0 kWh/,
  );
});

test("rounding alone is no alarm", () => {
  assert.equal(verdict(picture([node("grid", 100.01, 100.04, 100)])).state, "ok");
});

test("an alarm elsewhere is never called safe", () => {
  assert.equal(verdict(picture([node("grid", 1, 1, 100)], "alarm")).state, "alarm");
  assert.equal(verdict(picture([node("grid", 1, 1, 100)], "warning")).state, "warning");
});

test("a limit of nothing counts as the tightest as soon as anything may be drawn there", () => {
  assert.equal(tightest([node("grid", 0, 99, 100), node("deck-1", 0, 1, 0)])?.node.id, "deck-1");
  assert.equal(tightest([]), undefined);
});

test("why a limit holds is said with who, what for and until when", () => {
  const source = {
    kind: "override",
    id: "o-1",
    reason: "works",
    author: "jan@x",
    until: "2026-11-23T21:00:00Z",
  } as const;
  const now = Date.parse("2026-11-23T16:00:00Z");
  assert.equal(because(source, "UTC", now), "override by jan@x: works, until 21:00");
  assert.equal(because(BASE, "UTC", now), "base value");
  const falling = {
    ...node("grid", 1, 1, 100),
    next_change: { at: "2026-11-23T17:00:00Z", limit_a: { L1: 50, L2: 50 } },
  };
  assert.equal(next(falling, "UTC", now), "50 A per phase from 17:00");
});

test("of a session the profile that does not hold is told before what it will miss, and why", () => {
  const session = {
    profile: "refused",
    refusal: "REJECTED",
    short_kwh: 3.4,
    why: ["grid: full until 21:00"],
  } as unknown as SessionNow;
  assert.deepEqual(remarks(session), [
    "its profile was refused: it counts with the most it could draw (REJECTED)",
    "will leave 3.40 kWh short",
    "grid: full until 21:00",
  ]);
  assert.ok(urgent(session));
  assert.ok(!urgent({ ...session, profile: "accepted", refusal: null, short_kwh: 0.01 }));
});
