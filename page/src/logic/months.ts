/** Spans that history and reports are asked for, as the site's calendar has them. */

import { addDays, dayOf, startOfDay } from "../zone.ts";

/** The months up to the present one, the newest first, as "2026-11". */
export function lastMonths(now: number, zone: string, count: number): string[] {
  const [year = 0, month = 1] = dayOf(now, zone).split("-").map(Number);
  return Array.from({ length: count }, (_, back) =>
    new Date(Date.UTC(year, month - 1 - back, 1)).toISOString().slice(0, 7),
  );
}

export function monthText(month: string): string {
  const form = { month: "long", year: "numeric", timeZone: "UTC" } as const;
  return new Intl.DateTimeFormat("en-GB", form).format(Date.parse(`${month}-01T00:00:00Z`));
}

/** Local dates, both included. */
export type DateSpan = { first: string; last: string };

export const SPANS = {
  today: "Today",
  yesterday: "Yesterday",
  week: "Last 7 days",
  month: "Last 30 days",
} as const;
export type SpanName = keyof typeof SPANS;

export function named(span: SpanName, now: number, zone: string): DateSpan {
  const today = dayOf(now, zone);
  const first = { today: 0, yesterday: -1, week: -6, month: -29 }[span];
  return { first: addDays(today, first), last: span === "yesterday" ? addDays(today, -1) : today };
}

/** The API takes 62 days of 24 hours; one of them may have 25. */
export const MOST_DAYS = 61;

/** What is wrong with a span, if anything. */
export function problemOf(span: DateSpan): string | null {
  if (!span.first || !span.last) return "Enter both dates.";
  if (span.first > span.last) return "The first day is after the last one.";
  return daysIn(span) > MOST_DAYS ? `${daysIn(span)} days are too many at once: ${MOST_DAYS} are the most.` : null;
}

export function daysIn(span: DateSpan): number {
  return Math.round((Date.parse(span.last) - Date.parse(span.first)) / 86_400_000) + 1;
}

/** Steps that keep a chart below about 800 points: 5 minutes for a few days, an hour for weeks. */
export function stepFor(span: DateSpan): 300 | 900 | 3600 {
  const days = daysIn(span);
  if (days <= 2) return 300;
  return days <= 8 ? 900 : 3600;
}

/** The API's moments of a span: from the beginning of its first day to the end of its last. */
export function momentsOf(span: DateSpan, zone: string): { from: string; until: string } {
  return { from: startOfDay(span.first, zone), until: startOfDay(addDays(span.last, 1), zone) };
}
