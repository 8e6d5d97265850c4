/** Times of a site: they are shown and entered in its time zone, whatever the browser's own is. */

import { now } from "./now.ts";

export type Style = "time" | "day" | "both" | "short";

const FORMATS = {
  time: { hour: "2-digit", minute: "2-digit" },
  day: { weekday: "short", day: "numeric", month: "short" },
  both: { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" },
} satisfies Record<string, Intl.DateTimeFormatOptions>;

const made = new Map<string, Intl.DateTimeFormat>();

/** "17:05", "Mon 23 Nov", "Mon 23 Nov, 17:05"; short: the time, with the day if that is not today. */
export function clock(at: string | number, zone: string, style: Style = "short", present: number = now()): string {
  const moment = new Date(at);
  if (style !== "short") return format(zone, style).format(moment);
  const today = format(zone, "day").format(moment) === format(zone, "day").format(present);
  return format(zone, today ? "time" : "both").format(moment);
}

/** A moment as <input type="datetime-local"> has it, in the site's time: "2026-11-23T17:05". */
export function toLocal(at: string | number, zone: string): string {
  return new Date(shifted(new Date(at).getTime(), zone)).toISOString().slice(0, 16);
}

/**
 * The moment of a local time, in ISO 8601 with "Z".
 *
 * Of an hour that comes twice when clocks go back, the first is meant.
 *
 * Throws a RangeError with what to do: it is no time, or clocks skip it.
 */
export function fromLocal(text: string, zone: string): string {
  const wanted = Date.parse(`${text}Z`);
  if (Number.isNaN(wanted)) throw new RangeError(`"${text}" is no date and time: write it like 2026-11-23T17:00`);
  for (const guess of [wanted - offset(wanted - DAY_MS, zone), wanted - offset(wanted + DAY_MS, zone)]) {
    if (shifted(guess, zone) === wanted) return new Date(guess).toISOString().replace(".000Z", "Z");
  }
  throw new RangeError(`${text.replace("T", " ")} does not exist in ${zone}: clocks go forward over it`);
}

/** The site's date of a moment: "2026-11-23". */
export function dayOf(at: string | number, zone: string): string {
  return toLocal(at, zone).slice(0, 10);
}

/** The moment a local day begins, in ISO 8601 with "Z". */
export function startOfDay(day: string, zone: string): string {
  const before = fromLocalOrLater(`${day}T00:00`, zone);
  return new Date(before).toISOString().replace(".000Z", "Z");
}

/** A day some days later (or earlier): "2026-11-24". */
export function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

const DAY_MS = 86_400_000;

function fromLocalOrLater(text: string, zone: string): number {
  try {
    return Date.parse(fromLocal(text, zone));
  } catch {
    // In some zones clocks go forward at midnight, and the day begins at one.
    return Date.parse(fromLocal(text.replace("T00:", "T01:"), zone));
  }
}

/** Local time at a moment, in milliseconds as if it were UTC. */
function shifted(moment: number, zone: string): number {
  return moment + offset(moment, zone);
}

/** How far clocks are ahead of UTC at a moment, in milliseconds. */
export function offset(moment: number, zone: string): number {
  const parts = Object.fromEntries(
    format(zone, "parts")
      .formatToParts(moment)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(moment / 1000) * 1000;
}

function format(zone: string, style: keyof typeof FORMATS | "parts"): Intl.DateTimeFormat {
  const key = `${zone} ${style}`;
  let known = made.get(key);
  if (!known) {
    const numeric = "numeric" as const;
    const parts = { year: numeric, month: numeric, day: numeric, hour: numeric, minute: numeric, second: numeric };
    const options: Intl.DateTimeFormatOptions = style === "parts" ? parts : FORMATS[style];
    known = new Intl.DateTimeFormat("en-GB", { ...options, timeZone: zone, hourCycle: "h23" });
    made.set(key, known);
  }
  return known;
}
