/** Dated overrides: one replaces base and calendar, so no two of a node may hold at once. */

/** `start` and `end` are the API's times; null: ever since, for ever. */
export type Dated = { id?: string; start: string | null; end: string | null };

export function begins(dated: Dated): number {
  return dated.start === null ? Number.NEGATIVE_INFINITY : Date.parse(dated.start);
}

export function ends(dated: Dated): number {
  return dated.end === null ? Number.POSITIVE_INFINITY : Date.parse(dated.end);
}

/** Those of `known` that hold at the same time as `wanted`, in order of time. */
export function overlapping<D extends Dated>(wanted: Dated, known: readonly D[]): D[] {
  return known
    .filter((each) => begins(each) < ends(wanted) && ends(each) > begins(wanted))
    .sort((one, other) => begins(one) - begins(other));
}

export type Standing = "over" | "now" | "to come";

export function standing(dated: Dated, now: number): Standing {
  if (ends(dated) <= now) return "over";
  return begins(dated) <= now ? "now" : "to come";
}
