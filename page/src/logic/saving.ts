/** Saving over a state that was read before, when others may have changed it meanwhile. */

import { type Answer, Problem } from "../api.ts";
import { same } from "./drafts.ts";

interface Save<Value> {
  /** Write what was typed over the state `etag`. */
  put: (etag: string | null) => Promise<unknown>;
  /** Read the state anew; the form shows it from then on. */
  reload: () => Promise<Answer<Value>>;
  mine: Value;
  /** What the form showed when typing began. */
  base: unknown;
  etag: string | null;
}

/**
 * Write it. A site has one ETag, so a refusal (412) may be about another part of it: then it is written over the new state.
 * It may also be about ourselves, when the answer to an earlier try got lost: then it is done.
 *
 * Throws the Problem if somebody else changed the same thing; the form then has their state beside what was typed.
 */
export async function save<Value>({ put, reload, mine, base, etag }: Save<Value>): Promise<void> {
  try {
    await put(etag);
  } catch (error) {
    if (!(error instanceof Problem && error.changed)) throw error;
    const now = await reload();
    if (same(now.data, mine)) return;
    if (!same(now.data, base)) throw error;
    await put(now.etag);
  }
}
