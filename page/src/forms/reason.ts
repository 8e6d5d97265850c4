import { type Editing, useEditing } from "./editing.ts";
import type { LimitsPlace } from "./place.ts";

const isText = (value: unknown): value is string => typeof value === "string";

/** Why something is changed, for those who ask afterwards; it is kept like all that is typed. */
export function useReason({ site, node }: LimitsPlace, form: string): Editing<string> {
  return useEditing({
    siteId: site.id,
    form: `${node}/${form}/reason`,
    value: "",
    toTyped: (value) => value,
    fits: isText,
  });
}

/** A path that tells the reason, if there is one. */
export function withReason(path: string, reason: string): string {
  const text = reason.trim();
  return text ? `${path}?${new URLSearchParams({ reason: text })}` : path;
}
