/** All visits of a time, which the API gives page by page. */

import { get } from "./api.ts";
import type { VisitRecord } from "./types.ts";

/** So many pages are no page's to read; what is missing is told. */
const MOST_PAGES = 40;

export interface Visits {
  visits: VisitRecord[];
  whole: boolean;
}

/** Those that left from `from` to `until`, the latest first. */
export async function visitsOf(
  path: string,
  span: { from: string; until: string },
  read: typeof get = get,
  signal?: AbortSignal,
): Promise<Visits> {
  const visits = new Map<string, VisitRecord>();
  let before = span.until;
  for (let page = 0; page < MOST_PAGES; page++) {
    const query = new URLSearchParams({ ...span, before });
    const { data } = await read<VisitRecord[]>(`${path}?${query}`, signal);
    const fresh = data.filter(({ id }) => !visits.has(id));
    for (const visit of fresh) visits.set(visit.id, visit);
    const last = fresh.at(-1);
    if (!last) return { visits: [...visits.values()], whole: true };
    before = last.departure;
  }
  return { visits: [...visits.values()], whole: false };
}
