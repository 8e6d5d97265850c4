/** Prices or a forecast that is about to be uploaded. */

import type { SeriesKind } from "../types.ts";

export interface UploadTyped {
  kind: SeriesKind;
  /** Whose base load it is. */
  node: string;
  text: string;
  /** Of the file that the text came out of. */
  name: string;
}

export const KIND_NAMES: Record<SeriesKind, string> = {
  price: "Day-ahead prices",
  feed_in: "Day-ahead feed-in",
  base_load_kw: "Base load forecast",
  pv_kw: "Solar power forecast",
};

export function unitOf(kind: SeriesKind): string {
  return kind === "price" || kind === "feed_in" ? "per kWh" : "kW";
}

export function isUploadTyped(value: unknown): value is UploadTyped {
  if (typeof value !== "object" || value === null) return false;
  const { kind, node, text, name } = value as Partial<UploadTyped>;
  return !!kind && kind in KIND_NAMES && [node, text, name].every((each) => typeof each === "string");
}
