/** Numbers as people type them, and limits that are probably in another unit than the field's. */

import { kilowatts, plain } from "../format.ts";
import type { Limit } from "../types.ts";

export type Typed = { value: number } | { problem: string };

/** Read a number. A decimal comma is understood; "34,500" and "34.500" could be two numbers, and are asked about. */
export function readNumber(text: string, unit: string): Typed {
  const trimmed = text.trim();
  if (!trimmed) return { problem: `Enter a number in ${unit}.` };
  const spaceless = trimmed.replace(/[\s\u00a0\u202f]/g, "");
  const withUnit = spaceless.match(/^([\d.,+-]+)(kw|w|mw|a)$/i);
  if (withUnit) return otherUnit(withUnit[1] ?? "", withUnit[2] ?? "", unit);
  if (READ_IN_TWO_WAYS.some((each) => each.test(spaceless))) return ambiguous(spaceless);
  if (/^\d{1,3}(,\d{3})+\.\d+$/.test(spaceless)) return checked(spaceless.replaceAll(",", ""), trimmed, unit);
  if (/^\d{1,3}(\.\d{3})+,\d+$/.test(spaceless)) {
    return checked(spaceless.replaceAll(".", "").replace(",", "."), trimmed, unit);
  }
  return checked(spaceless.replace(",", "."), trimmed, unit);
}

/**
 * 34,500 may be thousands or a decimal comma; 34.500, too: no decimal of ours ends with a zero, so 33.333 is none of them.
 */
const READ_IN_TWO_WAYS = [/^[1-9]\d{0,2}(,\d{3})+$/, /^[1-9]\d{0,2}\.\d\d0$/, /^\d{1,3}(\.\d{3}){2,}$/];

function ambiguous(text: string): Typed {
  const whole = text.replace(/[.,]/g, "");
  const parts = text.split(/[.,]/);
  const small = parts.length === 2 ? ` or ${Number(parts.join("."))}` : "";
  return { problem: `"${text}" can be read in two ways: write ${whole}${small} without separators for thousands.` };
}

function otherUnit(number: string, typed: string, unit: string): Typed {
  const read = readNumber(number, unit);
  if ("problem" in read || typed.toLowerCase() === unit.toLowerCase()) return read;
  const inKw = { w: read.value / 1000, mw: read.value * 1000 }[typed.toLowerCase()];
  if (inKw !== undefined && unit === "kW")
    return { problem: `This field is in kW: write ${inKw} for ${number} ${typed}.` };
  return { problem: `This field is in ${unit}, not in ${typed}.` };
}

function checked(text: string, typed: string, unit: string): Typed {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)$/.test(text))
    return { problem: `"${typed}" is no number: write it like 34.5, in ${unit}.` };
  return { value: Number(text) };
}

/** Read a limit: zero or more, and no more than any site has. */
export function readLimitNumber(text: string, unit: string): Typed {
  const read = readNumber(text, unit);
  if ("problem" in read) return read;
  if (read.value < 0) return { problem: `A limit is 0 ${unit} or more.` };
  if (read.value > 100_000) return { problem: `100 000 ${unit} are the most.` };
  return read;
}

/** The current per phase of a power of all phases together. */
export function toAmpere(kw: number, voltage: number, phases: number): number {
  return (kw * 1000) / (voltage * phases);
}

/** A limit as power of all phases together. */
export function limitKw(limit: Limit, voltage: number): number {
  return limit.limit_kw ?? kilowatts(limit.limit_a ?? {}, voltage);
}

const ODD = 20;
const CLOSE = 4;

/** Why a number is hardly meant, beside the one of now; with the number that may have been. */
export type Doubt = { text: string; rather: number | null };

/**
 * Whether a number is so far from the present one that it is asked about before it is taken.
 * Nothing (0) is no oddity: it is how a site is stopped.
 */
export function doubt(value: number, present: number | null, unit: "kW" | "A"): Doubt | null {
  if (!present || !value) return null;
  const times = value / present;
  if (times < ODD && times > 1 / ODD) return null;
  const now = `the present ${short(present)} ${unit}`;
  const inThousands = value / 1000;
  if (unit === "kW" && isClose(inThousands, present)) {
    return { text: `${short(value)} kW is ${short(times)} times ${now}. Is it in W?`, rather: round(inThousands) };
  }
  if (unit === "kW" && isClose(value * 1000, present)) {
    return { text: `${short(value)} kW is far below ${now}. Is it in MW?`, rather: round(value * 1000) };
  }
  if (times > 1) return { text: `${short(value)} ${unit} is ${short(times)} times ${now}.`, rather: null };
  return { text: `${short(value)} ${unit} is ${short(1 / times)} times less than ${now}.`, rather: null };
}

function isClose(value: number, present: number): boolean {
  return value <= present * CLOSE && value >= present / CLOSE;
}

/** A number with no more digits than people read: 34.5, 0.213, 1200. */
export function short(value: number): string {
  const size = Math.abs(value);
  if (size >= 100) return plain(Math.round(value));
  return plain(Number(value.toPrecision(3)));
}

function round(value: number): number {
  return Number(value.toPrecision(6));
}
