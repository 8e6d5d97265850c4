/** The weekly calendar: rules by day of the week and local time, which of them clash, and what changing clocks do. */

import { duration } from "../format.ts";
import type { DayOfWeek, WeeklyTime } from "../types.ts";
import { addDays, startOfDay } from "../zone.ts";
import { type ClockChange, clockChanges, dayText, meaning } from "./clocks.ts";

export const DAYS: readonly DayOfWeek[] = [
  "MONDAY",
  "TUESDAY",
  "WEDNESDAY",
  "THURSDAY",
  "FRIDAY",
  "SATURDAY",
  "SUNDAY",
];

/** A part of one day of the week (0 is Monday), in minutes since its midnight. */
export type Span = { day: number; from: number; until: number };

const DAY_MINUTES = 24 * 60;

/** Minutes since midnight of "17:30"; "24:00" is the end of the day. */
export function readTime(text: string): number | null {
  const parts = /^(\d{1,2}):(\d{2})$/.exec(text.trim());
  if (!parts) return null;
  const [hours, minutes] = [Number(parts[1]), Number(parts[2])];
  if (hours === 24 && minutes === 0) return DAY_MINUTES;
  return hours < 24 && minutes < 60 ? hours * 60 + minutes : null;
}

export function writeTime(minutes: number): string {
  return `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
}

export function daysOf(entry: WeeklyTime): readonly DayOfWeek[] {
  return entry.day_of_week?.length ? entry.day_of_week : DAYS;
}

/** The parts of the week that a rule covers; none if its times cannot be read. */
export function spansOf(entry: WeeklyTime): Span[] {
  const [start, end] = [readTime(entry.start_time), readTime(entry.end_time)];
  if (start === null || end === null || start === DAY_MINUTES) return [];
  return daysOf(entry).flatMap((name) => {
    const day = DAYS.indexOf(name);
    if (end > start) return [{ day, from: start, until: end }];
    const rest = { day: (day + 1) % 7, from: 0, until: end };
    return [{ day, from: start, until: DAY_MINUTES }, ...(end ? [rest] : [])];
  });
}

/** Two rules that both hold at a time of the week; numbers are their places in the list. */
export type Clash = { one: number; other: number; span: Span };

export function clashes(entries: readonly WeeklyTime[]): Clash[] {
  const spans = entries.map(spansOf);
  return entries.flatMap((_, other) =>
    entries.slice(0, other).flatMap((__, one) => {
      const span = firstCommon(spans[one] ?? [], spans[other] ?? []);
      return span ? [{ one, other, span }] : [];
    }),
  );
}

function firstCommon(some: readonly Span[], others: readonly Span[]): Span | null {
  for (const a of some) {
    for (const b of others) {
      const [from, until] = [Math.max(a.from, b.from), Math.min(a.until, b.until)];
      if (a.day === b.day && from < until) return { day: a.day, from, until };
    }
  }
  return null;
}

/** "Mon to Fri", "Sat, Sun", "Every day". */
export function toldDays(days: readonly DayOfWeek[]): string {
  const chosen = DAYS.map((day) => days.includes(day));
  if (!days.length || chosen.every(Boolean)) return "Every day";
  const runs: string[] = [];
  for (let first = 0; first < DAYS.length; first++) {
    if (!chosen[first]) continue;
    let last = first;
    while (chosen[last + 1]) last++;
    const [from, to] = [shortDay(first), shortDay(last)];
    runs.push(...(last - first > 1 ? [`${from} to ${to}`] : last > first ? [from, to] : [from]));
    first = last;
  }
  return runs.join(", ");
}

export function shortDay(day: number): string {
  const name = DAYS[day] ?? "";
  return name.slice(0, 1) + name.slice(1, 3).toLowerCase();
}

export function longDay(day: DayOfWeek): string {
  return day.slice(0, 1) + day.slice(1).toLowerCase();
}

/** "Mon to Fri, 17:00 to 21:00", "Every day, 22:00 to 06:00 of the next day". */
export function toldRule(entry: WeeklyTime): string {
  const [start, end] = [readTime(entry.start_time), readTime(entry.end_time)];
  const next = start !== null && end !== null && end <= start && end !== 0 ? " of the next day" : "";
  return `${toldDays(entry.day_of_week ?? [])}, ${entry.start_time} to ${entry.end_time}${next}`;
}

export function toldSpan(span: Span): string {
  return `${shortDay(span.day)} ${writeTime(span.from)} to ${writeTime(span.until)}`;
}

/** What a change of clocks does to a rule. */
export type ClockNote = { entry: number; change: ClockChange; text: string };

/** Every rule that is skipped, shortened or lengthened by a clock change of the time to come. */
export function clockNotes(entries: readonly WeeklyTime[], zone: string, now: number, days = 370): ClockNote[] {
  const changes = clockChanges(now, now + days * 86_400_000, zone);
  return changes.flatMap((change) =>
    entries.flatMap((entry, number) => {
      const text = noteOf(entry, change, zone);
      return text ? [{ entry: number, change, text }] : [];
    }),
  );
}

function noteOf(entry: WeeklyTime, change: ClockChange, zone: string): string | null {
  for (const date of [addDays(change.date, -1), change.date]) {
    const lasts = minutesOn(entry, date, zone);
    if (!lasts || change.at <= lasts.start - 3_600_000 || change.at > lasts.end + 3_600_000) continue;
    if (lasts.real === lasts.written) continue;
    const clocks = `${dayText(change.date)}: clocks go from ${change.from} to ${change.to}`;
    const rule = `${entry.start_time} to ${entry.end_time}`;
    if (lasts.real <= 0) return `${clocks}, so ${rule} does not occur that day.`;
    return `${clocks}, so ${rule} lasts ${lasting(lasts.real)} instead of ${lasting(lasts.written)}.`;
  }
  return null;
}

function lasting(minutes: number): string {
  return minutes % 60 ? duration(minutes * 60) : `${minutes / 60} h`;
}

function minutesOn(entry: WeeklyTime, date: string, zone: string) {
  const [start, end] = [readTime(entry.start_time), readTime(entry.end_time)];
  const weekday = DAYS[(new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7];
  if (start === null || end === null || start === DAY_MINUTES || !weekday || !daysOf(entry).includes(weekday))
    return null;
  const [from, until] = [
    edge(date, start, zone, "start"),
    edge(end > start ? date : addDays(date, 1), end, zone, "end"),
  ];
  const written = (end > start ? end : end + DAY_MINUTES) - start;
  return { start: from, end: until, written, real: Math.max(0, (until - from) / 60_000) };
}

/** A local time that comes twice begins at its first and ends at its last; one that is skipped is when clocks jump. */
function edge(date: string, minutes: number, zone: string, side: "start" | "end"): number {
  if (minutes === DAY_MINUTES) return Date.parse(startOfDay(addDays(date, 1), zone));
  const means = meaning(`${date}T${writeTime(minutes)}`, zone);
  if (means.kind === "once") return means.at;
  if (means.kind === "twice") return side === "start" ? means.first : means.second;
  return means.kind === "skipped" ? means.next : Number.NaN;
}
