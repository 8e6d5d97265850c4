/** Times of which nothing is on record. */

import type { History } from "../types.ts";

/** From then to then, in milliseconds since 1970. */
export interface Gap {
  start: number;
  end: number;
}

/** A slot is written a few minutes after it has passed. */
const WRITTEN_WITHIN_MS = 15 * 60_000;

/** Where nothing is known of a node from `from` to `until` (milliseconds since 1970), in order. */
export function unrecorded(past: History, node: string, from: number, until: number): Gap[] {
  const stepMs = past.step_s * 1000;
  const lines = Object.values(past.nodes[node]?.ev_a ?? {});
  const known = past.times
    .filter((_, index) => lines.some((line) => (line[index] ?? null) !== null))
    .map((time) => Date.parse(time))
    .filter((time) => time + stepMs > from && time < until);
  const starts = [from, ...known.map((time) => time + stepMs)];
  const ends = [...known, until];
  return starts
    .map((start, index) => ({ start, end: ends[index] ?? until }))
    .filter(({ start, end }) => end - start > (end === until ? WRITTEN_WITHIN_MS : 0));
}
