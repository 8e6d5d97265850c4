/** A limit as it is being typed: in kW, in ampere for all phases, or for each of them. */

import { plain } from "../format.ts";
import type { Amperes, Limit, Phase } from "../types.ts";
import { readLimitNumber } from "./numbers.ts";

export type LimitUnit = "kW" | "A" | "each";

/** What was typed for one way of giving it stays when another is chosen. */
export interface LimitTyped {
  unit: LimitUnit;
  kw: string;
  a: string;
  each: Partial<Record<Phase, string>>;
}

export type LimitField = "kw" | "a" | Phase;
export type Wrong<Field extends string> = Partial<Record<Field, string>>;
export type Read<Value, Field extends string> = { value: Value; wrong: null } | { value: null; wrong: Wrong<Field> };

export function taken<Value>(value: Value) {
  return { value, wrong: null };
}

export function refused<Field extends string>(wrong: Wrong<Field>) {
  return { value: null, wrong };
}

export const NO_LIMIT: LimitTyped = { unit: "kW", kw: "", a: "", each: {} };

export function limitTyped(limit: Limit): LimitTyped {
  if (typeof limit.limit_kw === "number") return { ...NO_LIMIT, kw: plain(limit.limit_kw) };
  const amperes = Object.entries(limit.limit_a ?? {}) as [Phase, number][];
  const each = Object.fromEntries(amperes.map(([phase, value]) => [phase, plain(value)]));
  const [first, ...others] = Object.values(each);
  const alike = first !== undefined && others.every((text) => text === first);
  return { unit: alike ? "A" : "each", kw: "", a: alike ? first : "", each };
}

export function readLimit(typed: LimitTyped, phases: readonly Phase[]): Read<Limit, LimitField> {
  if (typed.unit === "kW") {
    const read = readLimitNumber(typed.kw, "kW");
    return "problem" in read ? refused({ kw: read.problem }) : taken({ limit_kw: read.value });
  }
  if (typed.unit === "A") {
    const read = readLimitNumber(typed.a, "A");
    if ("problem" in read) return refused({ a: read.problem });
    return taken({ limit_a: Object.fromEntries(phases.map((phase) => [phase, read.value])) });
  }
  const wrong: Wrong<LimitField> = {};
  const limit: Amperes = {};
  for (const phase of phases) {
    const read = readLimitNumber(typed.each[phase] ?? "", "A");
    if ("problem" in read) wrong[phase] = read.problem;
    else limit[phase] = read.value;
  }
  return Object.keys(wrong).length ? refused(wrong) : taken({ limit_a: limit });
}

/** The same limit in another unit, as text to go on with; what was typed there before has precedence. */
export function inUnit(typed: LimitTyped, unit: LimitUnit, phases: readonly Phase[], voltageV: number): LimitTyped {
  const read = readLimit(typed, phases);
  if (read.wrong || unit === typed.unit) return { ...typed, unit };
  const { limit_kw: kw, limit_a: amperes } = read.value;
  const each =
    amperes ?? Object.fromEntries(phases.map((phase) => [phase, ((kw ?? 0) * 1000) / (voltageV * phases.length)]));
  const values = phases.map((phase) => each[phase] ?? 0);
  const total = (values.reduce((sum, value) => sum + value, 0) * voltageV) / 1000;
  if (unit === "kW") return { ...typed, unit, kw: plain(total) };
  if (unit === "A") return { ...typed, unit, a: plain(Math.min(...values)) };
  return { ...typed, unit, each: Object.fromEntries(phases.map((phase) => [phase, plain(each[phase] ?? 0)])) };
}

export function isLimitTyped(value: unknown): value is LimitTyped {
  if (typeof value !== "object" || value === null) return false;
  const { unit, kw, a, each } = value as Partial<LimitTyped>;
  return ["kW", "A", "each"].includes(unit ?? "") && typeof kw === "string" && typeof a === "string" && isTexts(each);
}

function isTexts(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.values(value).every((text) => typeof text === "string");
}
