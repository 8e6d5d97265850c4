/** A dated override as it is being typed, in local times of the site. */

import { limitText } from "../format.ts";
import type { Limit, Override, Phase } from "../types.ts";
import { clock } from "../zone.ts";
import { dayText, meaning, utc } from "./clocks.ts";
import { same } from "./drafts.ts";
import {
  isLimitTyped,
  type LimitField,
  type LimitTyped,
  type Read,
  readLimit,
  refused,
  taken,
  type Wrong,
} from "./limit_typed.ts";
import { type Dated, overlapping } from "./overrides.ts";

export interface MomentTyped {
  /** As <input type="datetime-local"> has it. */
  local: string;
  /** Which of two that are written the same, when clocks go back. */
  second: boolean;
}

export interface OverrideTyped {
  /** From now on, whenever it is saved. */
  fromNow: boolean;
  start: MomentTyped;
  forEver: boolean;
  end: MomentTyped;
  limit: LimitTyped;
  reason: string;
  /** The platform takes it once, however often it is sent. */
  key: string;
}

export type OverrideField = "start" | "end" | "reason" | LimitField;
export type NewOverride = Limit & { start: string | null; end: string | null; reason: string };

/** Read a local time; one that clocks skip is refused, with the next that there is. */
export function readMoment(
  typed: MomentTyped,
  zone: string,
): { at: number; problem: null } | { at: null; problem: string } {
  const means = meaning(typed.local.slice(0, 16), zone);
  if (means.kind === "once") return { at: means.at, problem: null };
  if (means.kind === "twice") return { at: typed.second ? means.second : means.first, problem: null };
  if (means.kind === "unreadable") return { at: null, problem: "Enter a date and a time." };
  const [date, time] = [typed.local.slice(0, 10), typed.local.slice(11, 16)];
  const next = clock(means.next, zone, "time");
  return { at: null, problem: `${time} does not exist on ${dayText(date)}: clocks go forward. The next is ${next}.` };
}

export function readOverride(
  typed: OverrideTyped,
  known: readonly Override[],
  about: { zone: string; phases: readonly Phase[]; now: number },
): Read<NewOverride, OverrideField> {
  const { zone, phases, now } = about;
  const wrong: Wrong<OverrideField> = {};
  const start = typed.fromNow ? { at: now, problem: null } : readMoment(typed.start, zone);
  const end = typed.forEver ? { at: null, problem: null } : readMoment(typed.end, zone);
  const limit = readLimit(typed.limit, phases);
  Object.assign(wrong, limit.wrong);
  if (start.problem) wrong.start = start.problem;
  if (end.problem) wrong.end = end.problem;
  if (start.at !== null && end.at !== null && end.at <= start.at) wrong.end = "Must be after the start.";
  else if (end.at !== null && end.at <= now) wrong.end = "Is over already.";
  if (!typed.reason.trim()) wrong.reason = "Say why: it is shown to everybody who looks at this limit.";
  if (!wrong.start && !wrong.end && start.at !== null) {
    const span = { start: utc(start.at), end: end.at === null ? null : utc(end.at) };
    const wanted = { ...limit.value, end: span.end, reason: typed.reason.trim() };
    const clashing = overlapping(span, known).filter((each) => !isSame(each, wanted));
    if (clashing.length)
      wrong.start = `Overlaps ${clashing.map((each) => overrideText(each, zone)).join(" and ")}: choose other times, or remove that one first.`;
    else if (limit.value && !Object.keys(wrong).length) {
      return taken({ ...wanted, ...span });
    }
  }
  return refused(wrong);
}

/** Sent before, without an answer, it may be there already: sent again under its key it is taken once. */
function isSame({ limit_a, limit_kw, end, reason }: Override, wanted: Limit & { end: string | null; reason: string }) {
  return same({ limit_a, limit_kw, end, reason }, wanted);
}

/** "20 kW, Mon 23 Nov, 10:00 – Mon 23 Nov, 16:00 (works)". */
export function overrideText(override: Dated & Limit & { reason?: string | null }, zone: string): string {
  const start = override.start === null ? "ever since" : clock(override.start, zone, "both");
  const end = override.end === null ? "for ever" : clock(override.end, zone, "both");
  return `${limitText(override)}, ${start} – ${end}${override.reason ? ` (${override.reason})` : ""}`;
}

export function isOverrideTyped(value: unknown): value is OverrideTyped {
  if (typeof value !== "object" || value === null) return false;
  const { fromNow, start, forEver, end, limit, reason, key } = value as Partial<OverrideTyped>;
  const flags = typeof fromNow === "boolean" && typeof forEver === "boolean";
  const texts = typeof reason === "string" && typeof key === "string";
  return flags && texts && isMoment(start) && isMoment(end) && isLimitTyped(limit);
}

function isMoment(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { local, second } = value as Partial<MomentTyped>;
  return typeof local === "string" && typeof second === "boolean";
}
