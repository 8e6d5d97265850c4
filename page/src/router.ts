/** Where the page is, by the part of its address after "#". */

import { useEffect, useState } from "preact/hooks";

export const SECTIONS = ["live", "sessions", "limits", "prices", "history", "events", "reports", "signals"] as const;
export type Section = (typeof SECTIONS)[number];

export type Route =
  | { page: "sites" }
  | { page: "site"; siteId: string; section: Section; query: URLSearchParams }
  | { page: "unknown"; hash: string };

/** Read an address: "#/", "#/sites/garage", "#/sites/garage/history?from=2026-11-01". */
export function parse(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [first, siteId, section = "live", ...rest] = path.split("/").filter(Boolean);
  if (first === undefined) return { page: "sites" };
  const known = SECTIONS.find((each) => each === section);
  if (first !== "sites" || !known || rest.length) return { page: "unknown", hash };
  if (siteId === undefined) return { page: "sites" };
  return { page: "site", siteId: decoded(siteId), section: known, query: new URLSearchParams(query) };
}

/** The address of a site, or of a section of it. */
export function href(siteId: string, section: Section = "live", query: Record<string, string> = {}): string {
  const path = `#/sites/${encodeURIComponent(siteId)}${section === "live" ? "" : `/${section}`}`;
  const text = new URLSearchParams(query).toString();
  return text ? `${path}?${text}` : path;
}

export const SITES = "#/";

export function navigate(to: string): void {
  location.hash = to;
}

export function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const changed = () => setHash(location.hash);
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return parse(hash);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
