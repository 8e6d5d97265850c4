/** What was and what is planned, put together as the curves that a chart draws. */

import { bound, number } from "../format.ts";
import type { History, Phase, Planned } from "../types.ts";
import { clock } from "../zone.ts";

export type Curve = (number | null)[];

/** Of one phase of one node, in ampere; each has one value for each of the times. */
export interface PhaseCurves {
  limit: Curve;
  base: Curve;
  /** Base load and what sessions drew. */
  drawn: Curve;
  /** Base load and what sessions may draw by the plan. */
  planned: Curve;
  /** The most that was allowed. */
  allowed: Curve;
}

export interface Curves {
  /** In seconds since 1970; a value holds until the next time. */
  times: number[];
  phases: Map<Phase, PhaseCurves>;
  price: Curve;
  pv: Curve;
  /** From here on it is planned, in seconds since 1970. */
  now: number;
}

type Source = History | Planned;

interface Row {
  from: Source;
  index: number;
}

/** The curves of a node from `from` to `until` (seconds since 1970), with what was before `now` and what is planned after. */
export function curvesOf(
  node: string,
  phases: readonly Phase[],
  past: History | undefined,
  plan: Planned | undefined,
  window: { from: number; now: number; until: number },
): Curves {
  const { from, now, until } = window;
  const begun = rows(past, from, now);
  const ahead = rows(plan, now, until);
  const last = begun.at(-1);
  const first = ahead[0];
  // A value holds until the next time, so the last one of the past is said once more where the plan begins.
  const seam = last && first && first.time - last.time <= 2 * Math.max(past?.step_s ?? 0, plan?.step_s ?? 0);
  const times = [...begun, ...ahead].map(({ time }) => time);
  const curve = (pick: (row: Row) => number | null | undefined) => ({
    past: [...begun.map((row) => pick(row) ?? null)],
    ahead: [...ahead.map((row) => pick(row) ?? null)],
  });
  const end = times.length ? Math.min(until, (times.at(-1) ?? 0) + ((first ? plan : past)?.step_s ?? 0)) : 0;
  const closed = (values: Curve): Curve => (times.length ? [...values, values.at(-1) ?? null] : values);
  const before = (each: { past: Curve }): Curve => {
    const values = [...each.past, ...ahead.map(() => null as number | null)];
    if (seam) values[begun.length] = each.past.at(-1) ?? null;
    return closed(values);
  };
  const after = (each: { ahead: Curve }): Curve => closed([...begun.map(() => null), ...each.ahead]);
  const whole = (each: { past: Curve; ahead: Curve }): Curve => closed([...each.past, ...each.ahead]);

  const ofPhase = (phase: Phase): PhaseCurves => {
    const value = ({ from: source, index }: Row, name: "limit_a" | "base_a" | "ev_a") =>
      source.nodes[node]?.[name][phase]?.[index];
    const load = curve((row) => {
      const [base, ev] = [value(row, "base_a"), value(row, "ev_a")];
      return base === null || base === undefined || ev === null || ev === undefined ? null : Math.max(0, base) + ev;
    });
    const allowed = curve((row) => past?.nodes[node]?.allowed_a[phase]?.[row.index]);
    return {
      limit: whole(curve((row) => value(row, "limit_a"))),
      base: whole(curve((row) => value(row, "base_a"))),
      drawn: before(load),
      planned: after(load),
      allowed: before(allowed),
    };
  };
  return {
    times: times.length ? [...times, end] : [],
    phases: new Map(phases.map((phase) => [phase, ofPhase(phase)])),
    price: whole(curve(({ from: source, index }) => source.price_per_kwh[index])),
    pv: whole(curve(({ from: source, index }) => source.pv_kw[index])),
    now,
  };
}

/** The load from a time on: at the moment between both it is the planned one. */
export function loadAt({ drawn, planned }: PhaseCurves, index: number): number | null {
  return planned[index] ?? drawn[index] ?? null;
}

/** A limit so many times above everything else is cut off, for the load would be a flat line beneath it. */
const FAR = 4;

/** The top of a scale on which all loads are seen, and the limits that are about as high. */
export function topOf(all: readonly PhaseCurves[]): number {
  const highest = all.flatMap(({ drawn, planned, allowed, base }) => [drawn, planned, allowed, base].flatMap(known));
  const limits = all.flatMap(({ limit }) => known(limit)).toSorted((one, other) => one - other);
  const load = highest.reduce((most, value) => Math.max(most, value), 0);
  const usual = Math.max(load, limits[Math.floor(limits.length / 4)] ?? 0);
  return Math.max(load, limits.findLast((limit) => limit <= FAR * usual) ?? 0) * 1.08;
}

function known(curve: Curve): number[] {
  return curve.filter((value) => value !== null);
}

/** Whether there is anything to see. */
export function some(curve: Curve): boolean {
  return curve.some((value) => value !== null && value !== 0);
}

/** The highest load that was and that is planned, in words: "Highest: 61 of 100 A drawn on L1 at 14:05". */
export function describe(curves: Curves, zone: string): string {
  const peaks = (which: "drawn" | "planned") =>
    [...curves.phases].flatMap(([phase, each]) => {
      const peak = highest(each[which]);
      return peak ? [{ phase, each, ...peak }] : [];
    });
  const parts = (["drawn", "planned"] as const).flatMap((which) => {
    const [most] = peaks(which).toSorted((a, b) => b.value - a.value);
    if (!most) return [];
    return [`${of(most.each, most)} ${which} on ${most.phase} at ${at(curves, most.index, zone)}`];
  });
  return parts.length ? `Highest: ${parts.join("; ")}.` : "Nothing is known of this time.";
}

function of({ limit }: PhaseCurves, { value, index }: Peak): string {
  const most = limit[index];
  return most === null || most === undefined ? `${number(value)} A` : `${number(value)} of ${bound(most)} A`;
}

function at(curves: Curves, index: number, zone: string): string {
  return clock((curves.times[index] ?? 0) * 1000, zone, "short", curves.now * 1000);
}

interface Peak {
  value: number;
  index: number;
}

function highest(curve: Curve): Peak | undefined {
  let best: Peak | undefined;
  curve.forEach((value, index) => {
    if (value !== null && (!best || value > best.value)) best = { value, index };
  });
  return best;
}

function rows(source: Source | undefined, from: number, until: number): (Row & { time: number })[] {
  if (!source) return [];
  return source.times
    .map((text, index) => ({ from: source, index, time: Date.parse(text) / 1000 }))
    .filter(({ time }) => time + source.step_s > from && time < until);
}
