/** What drivers did not get, by what stood in the way. */

export interface Missed {
  why: string;
  kwh: number;
  visits: number;
}

interface Left {
  short_kwh: number;
  why: readonly string[];
}

/** Less is nothing that anybody misses. */
const NOTICED_KWH = 0.05;

export function fellShort(visit: Left): boolean {
  return visit.short_kwh >= NOTICED_KWH;
}

/** The most first. What a visit missed is shared by its reasons, each by the energy that it names. */
export function missedByWhy(visits: readonly Left[]): Missed[] {
  const byWhy = new Map<string, Missed>();
  for (const visit of visits.filter(fellShort)) {
    for (const [why, kwh] of shares(visit)) {
      const known = byWhy.get(why) ?? { why, kwh: 0, visits: 0 };
      byWhy.set(why, { why, kwh: known.kwh + kwh, visits: known.visits + 1 });
    }
  }
  return [...byWhy.values()].sort((one, other) => other.kwh - one.kwh);
}

function shares({ short_kwh, why }: Left): Map<string, number> {
  const lines = why.length ? why : ["no reason was noted"];
  const named = lines.map((line) => Number(/: ([\d.]+) kWh short$/.exec(line)?.[1] ?? 0));
  const total = named.reduce((sum, kwh) => sum + kwh, 0);
  const found = new Map<string, number>();
  lines.forEach((line, index) => {
    const share = total > 0 ? (named[index] ?? 0) / total : 1 / lines.length;
    found.set(cause(line), (found.get(cause(line)) ?? 0) + share * short_kwh);
  });
  return found;
}

const HOURS = /, (\d{4}-\d\d-\d\d )?\d\d:\d\d-.*$/;

/**
 * A reason without its hours and amounts: of "grid connection, L2, signal dso-1, 18:00-19:15: 4.2 kWh short" the place,
 * the phase and what held.
 */
export function cause(why: string): string {
  if (why.startsWith("left at ")) return "left earlier than was believed";
  if (why.startsWith("took no more than ")) return "the vehicle took no more of its own accord";
  const [place = why] = why.split(": ");
  return place.replace(HOURS, "").replace(/( \(.*\)| [\d.]+ (A|kW) at most)$/, "");
}
