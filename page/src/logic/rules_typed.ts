/** The weekly calendar as it is being typed: a list of rules, each with days, times, and what holds then. */

import type { DayOfWeek, WeeklyTime } from "../types.ts";
import type { Read, Wrong } from "./limit_typed.ts";
import { clashes, DAYS, daysOf, readTime, toldRule, toldSpan } from "./weekly.ts";

export interface RuleTyped<What> {
  days: DayOfWeek[];
  start: string;
  end: string;
  what: What;
}

export type RuleField = "days" | "start" | "end";

/** What is wrong with each rule, by its place in the list. */
export type WrongRules<Field extends string> = ReadonlyMap<number, Wrong<RuleField | Field>>;

export function ruleTyped<What>(rule: WeeklyTime, what: What): RuleTyped<What> {
  const end = rule.end_time === "24:00" ? "00:00" : rule.end_time;
  return { days: [...daysOf(rule)], start: rule.start_time, end, what };
}

/** Monday to Friday in the evening, as most limits are. */
export function newRule<What>(what: What): RuleTyped<What> {
  return { days: DAYS.slice(0, 5), start: "17:00", end: "21:00", what };
}

/** Read all rules; two that hold at the same time are wrong, both of them. */
export function readRules<What, Value extends object, Field extends string>(
  rules: readonly RuleTyped<What>[],
  readWhat: (what: What) => Read<Value, Field>,
): { value: (WeeklyTime & Value)[]; wrong: null } | { value: null; wrong: WrongRules<Field> } {
  const wrong = new Map<number, Wrong<RuleField | Field>>();
  const value: (WeeklyTime & Value)[] = [];
  rules.forEach((rule, place) => {
    const what = readWhat(rule.what);
    const problems = { ...problemsOfTimes(rule), ...what.wrong } as Wrong<RuleField | Field>;
    if (Object.keys(problems).length) wrong.set(place, problems);
    if (what.value) value.push({ ...weeklyTime(rule), ...what.value });
  });
  const times = rules.map((rule) => (rule.days.length ? weeklyTime(rule) : NEVER));
  for (const { one, other, span } of clashes(times)) {
    const text = (place: number) =>
      `Overlaps rule ${place + 1} (${toldRule(times[place] as WeeklyTime)}): both hold ${toldSpan(span)}.`;
    wrong.set(one, { days: text(other), ...wrong.get(one) } as Wrong<RuleField | Field>);
    wrong.set(other, { days: text(one), ...wrong.get(other) } as Wrong<RuleField | Field>);
  }
  return wrong.size ? { value: null, wrong } : { value, wrong: null };
}

/** What a rule without days stands for here; the API would take it for every day. */
const NEVER: WeeklyTime = { start_time: "", end_time: "" };

/** Seven days are every day, which the API has as none. */
export function weeklyTime(rule: RuleTyped<unknown>): WeeklyTime {
  const days = DAYS.filter((day) => rule.days.includes(day));
  const times = { start_time: rule.start, end_time: rule.end };
  return days.length === DAYS.length ? times : { day_of_week: days, ...times };
}

function problemsOfTimes(rule: RuleTyped<unknown>): Wrong<RuleField> {
  const wrong: Wrong<RuleField> = {};
  if (!rule.days.length) wrong.days = "Choose at least one day.";
  if (readTime(rule.start) === null) wrong.start = "Enter a time such as 17:00.";
  if (readTime(rule.end) === null) wrong.end = "Enter a time such as 21:00.";
  return wrong;
}

export function isRuleTyped<What>(value: unknown, isWhat: (value: unknown) => value is What): value is RuleTyped<What> {
  if (typeof value !== "object" || value === null) return false;
  const { days, start, end, what } = value as Partial<RuleTyped<unknown>>;
  return Array.isArray(days) && typeof start === "string" && typeof end === "string" && isWhat(what);
}
