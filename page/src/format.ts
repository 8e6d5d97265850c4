/** Numbers as people read them: never more digits than are meant, a decimal point as in every file we write. */

import type { Amperes, Limit, Phase } from "./types.ts";

/** Left to itself: 0.123, 4.56, 78.9, 123. */
export function number(value: number, digits?: number): string {
  const behind = digits ?? sensible(Math.abs(value));
  const text = value.toFixed(behind);
  return Number(text) === 0 ? (0).toFixed(behind) : text.replace("-", "−");
}

/** Without zeros at the end: for what somebody typed. */
export function plain(value: number): string {
  return String(Number(value.toFixed(3)));
}

/** A limit, which is a round number more often than not: 100, 33.3. */
export function bound(value: number): string {
  return String(Number(value.toFixed(1)));
}

/** "16 A", or "L1 16 A, L2 10 A" where phases differ. */
export function amperes(values: Amperes): string {
  const entries = Object.entries(values) as [Phase, number][];
  const different = new Set(entries.map(([, value]) => bound(value)));
  if (different.size === 1) return `${[...different][0]} A${entries.length > 1 ? " per phase" : ""}`;
  return entries.map(([phase, value]) => `${phase} ${bound(value)} A`).join(", ");
}

/** A limit as it was entered: "69 kW" or "100 A per phase". */
export function limitText(limit: Limit): string {
  if (limit.limit_kw !== null && limit.limit_kw !== undefined) return `${plain(limit.limit_kw)} kW`;
  return amperes(limit.limit_a ?? {});
}

/** The power of currents at the site's voltage. */
export function kilowatts(values: Amperes, voltageV: number): number {
  return (Object.values(values).reduce((sum, each) => sum + each, 0) * voltageV) / 1000;
}

/** The unit of a price: "EUR per kWh". */
export function perKwh(currency: string | null): string {
  return currency ? `${currency} per kWh` : "per kWh";
}

/** "12 s", "5 min", "3 h 20 min", "2 d 4 h". */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 90) return `${whole} s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 90) return `${minutes} min`;
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  if (hours < 48) return rest ? `${hours} h ${rest} min` : `${hours} h`;
  return hours % 24 ? `${Math.floor(hours / 24)} d ${hours % 24} h` : `${hours / 24} d`;
}

function sensible(size: number): number {
  if (size >= 100) return 0;
  return size >= 10 ? 1 : 2;
}
