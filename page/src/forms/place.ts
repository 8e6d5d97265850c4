import type { Answer } from "../api.ts";
import type { Limits, SiteHead } from "../types.ts";

/** The node of a site whose limits a form edits, and how to read them anew. */
export interface LimitsPlace {
  site: SiteHead;
  node: string;
  phases: SiteHead["phases"];
  limits: Limits;
  etag: string | null;
  reload: () => Promise<Answer<Record<string, Limits>>>;
  /** The present time by the platform's clock, for the browser's may be wrong. */
  at: string;
  /** Something was saved: the live picture is to be read at once. */
  onSaved: () => void;
}

export function pathOf(site: SiteHead, ...parts: string[]): string {
  return ["/sites", site.id, ...parts].map((part, index) => (index ? encodeURIComponent(part) : part)).join("/");
}

/** What a reload says of one node. */
export async function reloaded<Part>(
  { reload, node }: LimitsPlace,
  part: (limits: Limits) => Part,
): Promise<Answer<Part>> {
  const { data, etag } = await reload();
  const limits = data[node];
  if (!limits) throw new Error(`${node} is not there any more: somebody has taken it out of the site`);
  return { data: part(limits), etag };
}
