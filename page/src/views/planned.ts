import { useLast, usePolled } from "../polling.ts";
import type { Picture, Planned } from "../types.ts";

const EVERY_MS = 15_000;

/** What is planned for the next day; a new plan is read at once. */
export function usePlanned({ site, plan }: Picture): Planned | undefined {
  // What is behind "#" is not sent: it only makes another plan something else to read.
  return useLast(usePolled<Planned>(`/sites/${encodeURIComponent(site.id)}/plan#${plan?.at ?? ""}`, EVERY_MS).data);
}
