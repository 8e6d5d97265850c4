/** Prices as they are being typed: none, one, one for each hour of the day, or by hours of the week. */

import { plain } from "../format.ts";
import type { PriceSeries, Prices } from "../types.ts";
import type { Line } from "./changed.ts";
import { type Read, refused, taken, type Wrong } from "./limit_typed.ts";
import { readNumber } from "./numbers.ts";
import { isRuleTyped, type RuleTyped, readRules, ruleTyped, type WrongRules } from "./rules_typed.ts";
import { toldRule } from "./weekly.ts";

export type PriceKind = "none" | "one" | "hours" | "week";

export interface PriceTyped {
  kind: PriceKind;
  /** Also what holds where no rule does. */
  one: string;
  hours: string[];
  rules: RuleTyped<string>[];
}

export interface PricesTyped {
  price: PriceTyped;
  feedIn: PriceTyped;
  demand: { price: string; peak: string };
}

export interface WrongPrice {
  one?: string;
  hours?: ReadonlyMap<number, string>;
  rules?: WrongRules<"value">;
}

const UNIT = "your currency per kWh";
const HOURS = Array.from({ length: 24 }, (_, hour) => hour);

export function priceTyped(series: PriceSeries | null | undefined): PriceTyped {
  const nothing: PriceTyped = { kind: "none", one: "", hours: HOURS.map(() => ""), rules: [] };
  if (series === null || series === undefined) return nothing;
  if (typeof series === "number") return { ...nothing, kind: "one", one: exact(series) };
  if (Array.isArray(series)) return { ...nothing, kind: "hours", hours: series.map(exact) };
  const rules = series.weekly.map((rule) => ruleTyped(rule, exact(rule.value)));
  return { ...nothing, kind: "week", one: exact(series.base), rules };
}

export function pricesTyped(prices: Prices): PricesTyped {
  const { demand_charge: demand } = prices;
  return {
    price: priceTyped(prices.price_per_kwh),
    feedIn: priceTyped(prices.feed_in_per_kwh),
    demand: { price: demand ? exact(demand.price_per_kw) : "", peak: demand ? exact(demand.peak_kw) : "" },
  };
}

/** What is typed for hours when one price was; and for one when hours were: nobody types twice. */
export function inKind(typed: PriceTyped, kind: PriceKind): PriceTyped {
  const blank = typed.hours.every((text) => !text.trim());
  if (kind === "hours" && blank && typed.one) return { ...typed, kind, hours: HOURS.map(() => typed.one) };
  if (!typed.one.trim() && (kind === "one" || kind === "week")) return { ...typed, kind, one: typed.hours[0] ?? "" };
  return { ...typed, kind };
}

export function readPrice(
  typed: PriceTyped,
): { value: PriceSeries | null; wrong: null } | { value: null; wrong: WrongPrice } {
  if (typed.kind === "none") return { value: null, wrong: null };
  if (typed.kind === "hours") return readHours(typed.hours);
  const one = readNumber(typed.one, UNIT);
  if (typed.kind === "one") {
    return "problem" in one ? { value: null, wrong: { one: one.problem } } : { value: one.value, wrong: null };
  }
  const rules = readRules(typed.rules, readValue);
  if ("problem" in one || rules.wrong) {
    const wrong: WrongPrice = {
      ...("problem" in one && { one: one.problem }),
      ...(rules.wrong && { rules: rules.wrong }),
    };
    return { value: null, wrong };
  }
  return { value: { base: one.value, weekly: rules.value }, wrong: null };
}

export function readValue(text: string): Read<{ value: number }, "value"> {
  const read = readNumber(text, UNIT);
  return "problem" in read ? refused({ value: read.problem }) : taken({ value: read.value });
}

function readHours(hours: readonly string[]): { value: PriceSeries; wrong: null } | { value: null; wrong: WrongPrice } {
  const read = HOURS.map((hour) => readNumber(hours[hour] ?? "", UNIT));
  const wrong = new Map(read.flatMap((each, hour) => ("problem" in each ? [[hour, each.problem] as const] : [])));
  if (wrong.size) return { value: null, wrong: { hours: wrong } };
  return { value: read.map((each) => ("value" in each ? each.value : 0)), wrong: null };
}

export type DemandField = "price" | "peak";

/** Nothing typed at all is no demand charge; a peak left out is none so far. */
export function readDemand({
  price,
  peak,
}: PricesTyped["demand"]): Read<NonNullable<Prices["demand_charge"]>, DemandField> | { value: null; wrong: null } {
  if (!price.trim() && !peak.trim()) return { value: null, wrong: null };
  const [costs, highest] = [readNumber(price, "your currency per kW"), readNumber(peak.trim() || "0", "kW")];
  const wrong: Wrong<DemandField> = {};
  if ("problem" in costs) wrong.price = costs.problem;
  else if (costs.value < 0) wrong.price = "Must be 0 or more.";
  if ("problem" in highest) wrong.peak = highest.problem;
  else if (highest.value < 0) wrong.peak = "Must be 0 kW or more.";
  if ("problem" in costs || "problem" in highest || Object.keys(wrong).length) return refused(wrong);
  return taken({ price_per_kw: costs.value, peak_kw: highest.value });
}

/** 24 numbers, pasted as a row or a column of a table into one field; null: it is one number. */
export function pasted(text: string): string[] | null {
  const numbers = text.trim().split(/[\s;]+/);
  return numbers.length === HOURS.length ? numbers : null;
}

export function linesOf(prices: Prices): Line[] {
  const demand = prices.demand_charge;
  return [
    ...priceLines("Price", prices.price_per_kwh),
    ...priceLines("Feed-in", prices.feed_in_per_kwh),
    {
      label: "Demand charge",
      text: demand ? `${exact(demand.price_per_kw)} per kW, peak ${exact(demand.peak_kw)} kW` : "none",
    },
  ];
}

function priceLines(what: string, series: PriceSeries | null | undefined): Line[] {
  if (series === null || series === undefined) return [{ label: what, text: "none" }];
  if (typeof series === "number") return [{ label: what, text: `${exact(series)} per kWh` }];
  if (Array.isArray(series)) return [{ label: what, text: `by the hour: ${series.map(exact).join(" ")} per kWh` }];
  return [
    { label: what, text: `${exact(series.base)} per kWh` },
    ...series.weekly.map((rule) => ({ label: `${what}, ${toldRule(rule)}`, text: `${exact(rule.value)} per kWh` })),
  ];
}

export function isPricesTyped(value: unknown): value is PricesTyped {
  if (typeof value !== "object" || value === null) return false;
  const { price, feedIn, demand } = value as Partial<PricesTyped>;
  return (
    isPriceTyped(price) && isPriceTyped(feedIn) && typeof demand?.price === "string" && typeof demand.peak === "string"
  );
}

function isPriceTyped(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { kind, one, hours, rules } = value as Partial<PriceTyped>;
  const isText = (each: unknown): each is string => typeof each === "string";
  return isText(kind) && isText(one) && !!hours?.every(isText) && !!rules?.every((rule) => isRuleTyped(rule, isText));
}

/** All digits that were given: a price of 0.20845 is not 0.208. */
function exact(value: number): string {
  return Math.abs(value) < 1000 ? String(Number(value.toFixed(6))) : plain(value);
}
