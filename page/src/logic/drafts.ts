/**
 * What was typed and is not yet saved, by site and form. It outlives a reload, a lost network and signing in again;
 * it ends with the tab.
 */

export interface Draft<Typed> {
  typed: Typed;
  /** What the platform said when typing began; if it says something else by now, somebody else has changed it. */
  base: unknown;
  /** When typing began, in milliseconds since 1970. */
  at: number;
}

/** sessionStorage, or what stands in for it in tests. */
export type Shelf = Pick<Storage, "getItem" | "setItem" | "removeItem">;

const PREFIX = "draft:";

export function draftKey(site: string, form: string): string {
  return `${PREFIX}${site}:${form}`;
}

/** The draft, if there is one that can still be read; one of an older page is dropped. */
export function readDraft<Typed>(
  shelf: Shelf,
  key: string,
  fits: (value: unknown) => value is Typed,
): Draft<Typed> | null {
  const text = shelf.getItem(key);
  if (text === null) return null;
  const draft = parsed(text);
  if (draft && fits(draft.typed)) return { typed: draft.typed, base: draft.base, at: draft.at };
  shelf.removeItem(key);
  return null;
}

/** Keep a draft. Storage may be full or forbidden: then what was typed lives as long as the page. */
export function keepDraft<T>(shelf: Shelf, key: string, draft: Draft<T>): boolean {
  try {
    shelf.setItem(key, JSON.stringify(draft));
    return true;
  } catch {
    return false;
  }
}

export function dropDraft(shelf: Shelf, key: string): void {
  shelf.removeItem(key);
}

function parsed(text: string): Draft<unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    const whole = typeof value === "object" && value !== null && "typed" in value && "base" in value && "at" in value;
    return whole ? (value as Draft<unknown>) : null;
  } catch {
    return null;
  }
}

/** Whether two say the same, however they are written: in another order, or with nothing for what the other leaves out. */
export function same(one: unknown, other: unknown): boolean {
  return canonical(one) === canonical(other);
}

function canonical(value: unknown): string {
  return JSON.stringify(value ?? null, (_, each: unknown) => {
    if (!each || typeof each !== "object" || Array.isArray(each)) return each;
    const said = Object.entries(each).filter(([, inner]) => !isNothing(inner));
    return Object.fromEntries(said.sort(([first], [second]) => (first < second ? -1 : 1)));
  });
}

function isNothing(value: unknown): boolean {
  return value === null || value === undefined || (Array.isArray(value) && value.length === 0);
}
