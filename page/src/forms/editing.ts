/** What is being typed over a value of the API: kept as a draft, and compared with what others saved meanwhile. */

import { useState } from "preact/hooks";
import { type Draft, draftKey, dropDraft, keepDraft, readDraft, same } from "../logic/drafts.ts";
import { now } from "../now.ts";

interface About<Value, Typed> {
  siteId: string;
  /** Its name among the site's forms, e.g. "grid/base". */
  form: string;
  /** What the platform says now. */
  value: Value;
  toTyped: (value: Value) => Typed;
  fits: (value: unknown) => value is Typed;
}

export interface Editing<Typed> {
  typed: Typed;
  type: (typed: Typed) => void;
  /** What the form showed when typing began. */
  base: unknown;
  /** Since when there is something unsaved, in milliseconds since 1970. */
  since: number | null;
  /** Somebody else has changed it since typing began. */
  conflict: boolean;
  /** Forget what was typed and show what the platform says; also after saving. */
  discard: () => void;
  /** Go on with what was typed, over what the platform says now. */
  rebase: () => void;
}

export function useEditing<Value, Typed>({ siteId, form, value, toTyped, fits }: About<Value, Typed>): Editing<Typed> {
  const key = draftKey(siteId, form);
  const [draft, setDraft] = useState<Draft<Typed> | null>(() => readDraft(sessionStorage, key, fits));
  const keep = (next: Draft<Typed>) => {
    keepDraft(sessionStorage, key, next);
    setDraft(next);
  };
  const discard = () => {
    dropDraft(sessionStorage, key);
    setDraft(null);
  };
  const base = draft ? draft.base : value;
  return {
    typed: draft ? draft.typed : toTyped(value),
    type: (typed) => {
      if (same(base, value) && same(typed, toTyped(value))) discard();
      else keep({ typed, base, at: draft?.at ?? now() });
    },
    base,
    since: draft?.at ?? null,
    conflict: !same(base, value),
    discard,
    rebase: () => draft && keep({ ...draft, base: value }),
  };
}
