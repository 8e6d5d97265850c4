/** Local times that clock changes skip or repeat, so that a form can say so instead of guessing. */

import { clock, offset } from "../zone.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** What a local time such as "2026-03-29T02:30" means in a zone; moments are milliseconds since 1970. */
export type Meaning =
  | { kind: "once"; at: number }
  | { kind: "twice"; first: number; second: number }
  | { kind: "skipped"; next: number }
  | { kind: "unreadable" };

/** Clocks that change at a moment, on a local date, from one local time to another ("02:00" to "03:00"). */
export interface ClockChange {
  at: number;
  date: string;
  from: string;
  to: string;
  /** How much longer that day is than others. */
  longerMinutes: number;
}

/** What a local time means: one moment, two (clocks go back), or none (they go forward over it). */
export function meaning(local: string, zone: string): Meaning {
  const wanted = readable(local);
  if (wanted === null) return { kind: "unreadable" };
  const [before, after] = [offset(wanted - DAY_MS, zone), offset(wanted + DAY_MS, zone)];
  const [first, second] = [...new Set([before, after])]
    .map((ahead) => wanted - ahead)
    .filter((at) => at + offset(at, zone) === wanted)
    .sort((one, other) => one - other);
  if (first === undefined) return { kind: "skipped", next: changeWithin(wanted - after, wanted - before, zone) };
  return second === undefined ? { kind: "once", at: first } : { kind: "twice", first, second };
}

/** The clock changes of a zone after `start` and not after `end`. */
export function clockChanges(start: number, end: number, zone: string): ClockChange[] {
  const found: ClockChange[] = [];
  for (let at = start; at < end; at += DAY_MS) {
    const until = Math.min(at + DAY_MS, end);
    const [was, is] = [offset(at, zone), offset(until, zone)];
    if (was === is) continue;
    const change = changeWithin(at, until, zone);
    const [from, to] = [asLocal(change + was), asLocal(change + is)];
    const longerMinutes = (was - is) / MINUTE_MS;
    found.push({ at: change, date: to.slice(0, 10), from: from.slice(11), to: to.slice(11), longerMinutes });
  }
  return found;
}

/** "Sun 29 Mar" of a date. */
export function dayText(date: string): string {
  return clock(`${date}T12:00Z`, "UTC", "day");
}

/** A text of the platform with its times, such as 2026-11-23T17:00:00Z, told in a zone. */
export function inZone(text: string, zone: string): string {
  return text.replace(/\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})/g, (at) =>
    clock(at, zone, "both"),
  );
}

/** The API's form of a moment. */
export function utc(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

function readable(local: string): number | null {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/.test(local)) return null;
  const wanted = Date.parse(`${local}Z`);
  // Date.parse takes 31 February for 3 March.
  return Number.isNaN(wanted) || asLocal(wanted) !== local ? null : wanted;
}

function asLocal(shifted: number): string {
  return new Date(shifted).toISOString().slice(0, 16);
}

/** The one minute after `start` from which on the clocks are as at `end`. */
function changeWithin(start: number, end: number, zone: string): number {
  const goal = offset(end, zone);
  let [before, after] = [Math.floor(start / MINUTE_MS), Math.ceil(end / MINUTE_MS)];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (offset(middle * MINUTE_MS, zone) === goal) after = middle;
    else before = middle;
  }
  return after * MINUTE_MS;
}
